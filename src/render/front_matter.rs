//! The front matter of a page, as YAML that MkDocs, ProperDocs and Zensical read.
//!
//! Both write titles and descriptions into HTML as they are, so these are escaped for it. A page that begins with
//! front matter of its writer's keeps that and gets no other. What this leaves out: what it says
//! ([`crate::page::front_matter`]).

use super::escape::{Around, in_context};
use super::holes::has_windows_ends;
use super::templates::Content;
use crate::page::front_matter::plain;
use crate::page::{Context, FrontMatter, Scalar, begins_with_front_matter};

/// Puts its front matter before a page's text.
pub(crate) fn put_before(content: &mut Content, front: &FrontMatter) {
    let text = content.as_str();
    if begins_with_front_matter(text) {
        return;
    }
    let mut head = written(front);
    if has_windows_ends(text) {
        head = head.replace('\n', "\r\n");
    }
    *content = Content::Own(head + text);
}

/// The front matter as lines, with the empty one behind it.
pub(crate) fn written(front: &FrontMatter) -> String {
    let mut head = String::from("---\n");
    let keys = [
        ("title", Some(front.title.as_str())),
        ("description", front.description.as_deref()),
        ("lang", Some(front.lang.as_str())),
    ];
    for (key, value) in keys {
        let Some(value) = value else { continue };
        // What its place cannot hold is left out: a builder does without it.
        if let Ok(value) = in_context(value, &Context::FrontMatter(Scalar::Whole), Around::default()) {
            head.extend([key, ": ", &value, "\n"]);
        }
    }
    head + "---\n\n"
}

/// The front matter that docgen put before this page, if it did; [`written`] gives its lines.
pub(crate) fn read(text: &str) -> Option<FrontMatter> {
    let mut rest = text.strip_prefix("---\n")?;
    let mut value = |key: &str| {
        let (value, next) = rest.strip_prefix(key)?.strip_prefix(": ")?.split_once('\n')?;
        rest = next;
        let value = match value.starts_with('"') {
            true => serde_json::from_str::<String>(value).ok()?,
            false => value.to_owned(),
        };
        // What is escaped for HTML is Markdown that says the same.
        Some(plain(&value))
    };
    let (title, description) = (value("title").unwrap_or_default(), value("description"));
    let front = FrontMatter { title, description, lang: value("lang")? };
    text.starts_with(&written(&front)).then_some(front)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use saphyr_parser::{Event, Parser};

    /// The texts of a page's front matter, as YAML has them.
    fn scalars(front: &FrontMatter) -> Vec<String> {
        let head = written(front);
        let yaml = head.strip_prefix("---\n").unwrap().strip_suffix("---\n\n").unwrap();
        let scalars = Parser::new_from_str(yaml).filter_map(|event| match event.unwrap().0 {
            Event::Scalar(text, ..) => Some(text.into_owned()),
            _ => None,
        });
        scalars.collect()
    }

    /// What a browser makes of a text in an attribute.
    fn decoded(html: &str) -> String {
        assert!(!html.contains(['<', '>', '"']), "{html}");
        let mut text = html.to_owned();
        for (entity, character) in [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&apos;", "'"),
            ("&num;", "#"),
            ("&lcub;", "{"),
            ("&ast;", "*"),
            ("&bsol;", "\\"),
            ("&#x2d;", "-"),
            ("&amp;", "&"),
        ] {
            text = text.replace(entity, character);
        }
        text
    }

    #[test]
    fn what_themes_write_as_it_is_stays_a_text() {
        for text in [
            "a: b",
            "a \"b\" 'c'",
            "--- x",
            "{{ x }} {% y %}",
            "<img src=x>",
            "& c",
            "yes",
            "12",
            "# a",
            "*a",
            "a \\ b",
        ] {
            let front = FrontMatter::new(text, text, "ko");
            let [title, description] = [1, 3].map(|at| decoded(&scalars(&front)[at]));
            assert_eq!((&*title, &*description), (text, text));
            assert_eq!(super::read(&(written(&front) + "# A\n")), Some(front));
        }
    }

    #[test]
    fn front_matter_of_a_writer_stays() {
        let front = FrontMatter::new("a", "b", "en");
        for (text, begins) in [
            ("---\ntitle: x\n---\n# a\n", "---\ntitle: x\n"),
            ("# a\n", "---\ntitle: a\ndescription: b\nlang: en\n---\n\n# a\n"),
            ("# a\r\n\r\nb\r\n", "---\r\ntitle: a\r\n"),
            ("---\n\nA line above.\n", "---\ntitle: a\n"),
        ] {
            let mut content = Content::Own(text.to_owned());
            put_before(&mut content, &front);
            assert!(content.as_str().starts_with(begins), "{}", content.as_str());
            assert!(content.as_str().ends_with(text));
        }
    }

    #[test]
    fn front_matter_of_others_is_not_read() {
        for text in [
            "---\ntitle: x\n---\n",
            "---\ntitle: x\nlang: en\ntags: []\n---\n\n",
            "---\ntitle: 'x'\nlang: en\n---\n\n",
            "# A\n",
        ] {
            assert_eq!(super::read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_one_value(title in any::<String>(), description in any::<String>()) {
            let front = FrontMatter::new(&title, &description, "en");
            let written = written(&front);
            prop_assert!(written.lines().count() <= 6, "{}", written);
            let read = scalars(&front);
            prop_assert_eq!(read.len(), if front.description.is_some() { 6 } else { 4 });
            prop_assert!(!read[1].contains(['<', '>', '"']));
            prop_assert!(read[3..].iter().step_by(2).all(|text| !text.contains(['<', '>', '"', '\n'])));
        }
    }
}
