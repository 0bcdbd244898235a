//! Holes for what is around the messages: command, output, configuration, reference.
//!
//! A whole block first, then only the lines inside. What this leaves out: where a page has these
//! blocks (`import::blocks`).

use super::{Edit, SourceBuilder};

impl SourceBuilder<'_> {
    pub(super) fn blocks(&self) -> Vec<Edit> {
        let document = &self.documents[0];
        let lines = &document.lines;
        let fences = &document.outline.fences;
        let mut edits: Vec<Edit> = Vec::new();
        let mut put = |start: usize, end: usize, source: String| -> bool {
            let range = lines.span(start..end);
            let holds = self.prints(&source, &lines.text[range.clone()]);
            if holds {
                edits.push(Edit { range, source });
            }
            holds
        };
        let indented = |line: usize, hole: &str| {
            let text = lines.get(line);
            format!("{}{{{{ {hole} }}}}", &text[..text.len() - text.trim_start().len()])
        };
        if let Some(command) = &self.blocks.command {
            let fence = &fences[command.fence];
            // In the snippets layout the command is a collapsed block, with its output inside.
            let is_whole = fence.open > 0
                && lines.get(fence.open - 1).trim_start().starts_with("???")
                && put(fence.open - 1, fence.close + 1, indented(fence.open - 1, "command"));
            let is_whole = is_whole || put(fence.open, fence.close + 1, indented(fence.open, "command"));
            if !is_whole {
                put(fence.open + 1, fence.open + 1 + command.lines, indented(fence.open + 1, "command.text"));
                if let Some(output) =
                    self.blocks.output.as_ref().filter(|output| output.fence == command.fence)
                {
                    put(output.lines.start, output.lines.end, indented(output.lines.start, "output.text"));
                }
            }
        }
        if let Some(output) = &self.blocks.output
            && self.blocks.command.as_ref().is_none_or(|command| command.fence != output.fence)
        {
            let fence = &fences[output.fence];
            if !put(fence.open, fence.close + 1, indented(fence.open, "output")) {
                put(output.lines.start, output.lines.end, indented(output.lines.start, "output.text"));
            }
        }
        if let Some(launch) = &self.blocks.launch {
            let fence = &fences[launch.fence];
            put(fence.open, fence.close + 1, indented(fence.open, "launch"));
        }
        if let Some(reference) = &self.blocks.reference {
            let source = "{{ reference }}".to_owned();
            if self.prints(&source, &lines.text[reference.range.clone()]) {
                edits.push(Edit { range: reference.range.clone(), source });
            }
        }
        edits
    }
}
