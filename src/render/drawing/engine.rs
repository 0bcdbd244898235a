//! The engine: what mermaid would draw of a diagram, as SVG.
//!
//! Nothing here asks the system for anything: how wide a text is follows from a table, so that the same diagram is the
//! same everywhere. What this leaves out: what of it comes into a page.

use std::sync::{Arc, LazyLock};

use merman::svg::{
    DeterministicTextMeasurer, MeasurementProfileId, RenderResourcePolicy, TextMeasurementPolicy,
    TextMeasurementProfile, TextMeasurementProfileIdentity, TextMeasurer,
};
use merman::{
    Engine, MermaidConfig, OperationControl, RenderOutput, RenderRequest, Renderer, SvgEnvironment,
    SvgRequest,
};
use serde_json::json;
use unicode_width::UnicodeWidthChar;

/// The drawing of a diagram, as the engine writes it.
///
/// # Errors
/// Why there is none: the text is not what mermaid reads.
pub(super) fn svg(diagram: &str) -> Result<String, String> {
    static ENGINE: LazyLock<Result<(Renderer, SvgRequest), String>> = LazyLock::new(engine);
    let (renderer, request) = ENGINE.as_ref()?;
    // Before it draws a text it reads the entities in it, also those that lack their end. A `&` is one itself.
    let diagram = diagram.replace('&', "#38;");
    let asked = RenderRequest::svg(&diagram, OperationControl::new(), request.clone());
    match renderer.render(asked) {
        Ok(RenderOutput::Svg(Some(svg))) => Ok(svg.into_parts().0),
        Ok(_) => Err("it begins with nothing that mermaid knows".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn engine() -> Result<(Renderer, SvgRequest), String> {
    let told = |error: &dyn std::fmt::Display| error.to_string();
    let measurer: Arc<dyn TextMeasurer + Send + Sync> =
        DeterministicTextMeasurer::default().with_width_callback(|text, style| width(text) * style.font_size);
    let identity = MeasurementProfileId::new("docgen").map_err(|error| told(&error))?;
    let identity = TextMeasurementProfileIdentity::new(identity, env!("CARGO_PKG_VERSION"))
        .map_err(|error| told(&error))?;
    let widths = TextMeasurementPolicy::uniform(TextMeasurementProfile::new(identity, measurer));
    // What a page may be made from is limited where it is read; mermaid's own limit is for browsers.
    let environment = SvgEnvironment::deterministic()
        .with_text_measurement_policy(widths)
        .with_resource_policy(RenderResourcePolicy::unbounded_for_trusted_input());
    let config =
        MermaidConfig::from_value(json!({ "theme": "default", "look": "classic", "maxTextSize": u32::MAX }));
    let renderer = Renderer::new().with_engine(Engine::new().with_site_config(config));
    Ok((renderer, SvgRequest { environment, ..SvgRequest::default() }))
}

/// The widths of the characters from blank to `~`, in thousandths of the size: those of Helvetica, which Arial,
/// Liberation and the like have, too. Source: Adobe's metrics of the 14 fonts of PostScript.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, // blank to /
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0 to ?
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // @ to O
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // P to _
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // ` to o
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p to ~
];

/// By how much the widest of the usual fonts without serifs is wider.
const WIDEST: f64 = 1.06;

/// How wide a text is, in its size.
pub(super) fn width(text: &str) -> f64 {
    let mut width = 0.0;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        // What mermaid writes for an entity (`#35;`) while it parses: `ﬂ°°35¶ß` is one character.
        if let Some((entity, behind)) = rest.strip_prefix("ﬂ°").and_then(|rest| rest.split_once("¶ß"))
            && entity.trim_start_matches('°').bytes().all(|byte| byte.is_ascii_alphanumeric())
        {
            width += WIDEST * 0.6;
            rest = behind;
            continue;
        }
        width += match WIDTHS.get((c as usize).wrapping_sub(' ' as usize)) {
            Some(&width) => WIDEST * f64::from(width) / 1000.0,
            None => match c.width() {
                Some(0) | None => 0.0,
                Some(1) => WIDEST * 0.6,
                Some(_) => 1.0,
            },
        };
        rest = &rest[c.len_utf8()..];
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_as_wide_as_it_is_shown() {
        assert_eq!(width(""), 0.0);
        assert!((width("iW~") - WIDEST * (0.222 + 0.944 + 0.584)).abs() < 1e-9);
        assert_eq!(width("한글"), 2.0);
        assert_eq!(width("ﬂ°°35¶ßﬂ°lt¶ß"), 2.0 * WIDEST * 0.6);
        assert!(width("ﬂ°<¶ß") > WIDEST * 2.0);
    }
}
