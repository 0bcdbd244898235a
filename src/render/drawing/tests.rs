use proptest::prelude::*;
use roxmltree::Document;

use super::*;
use crate::page::visible;
use crate::render::escape::mermaid;

/// A diagram of two participants that say these texts in turn.
fn diagram(title: &str, names: [&str; 2], said: &[&str], note: &str) -> String {
    let mut text = format!("sequenceDiagram\n  accTitle: {}\n  autonumber\n", mermaid(title));
    for (id, name) in ["a", "b"].iter().zip(names) {
        text += &format!("  participant {id} as {}\n", mermaid(name));
    }
    for (index, said) in said.iter().enumerate() {
        let arrow = ["a->>b", "b-->>a"][index % 2];
        text += &format!("  {arrow}: {}\n", mermaid(said));
    }
    text + &format!("  Note over a: {}\n", mermaid(note))
}

fn drawn(diagram: &str) -> String {
    drawing(diagram, &|message| (message.number? % 2 == 1).then_some("there")).unwrap()
}

/// The texts of a drawing that are of a class, in order.
fn texts(drawing: &str, class: &str) -> Vec<String> {
    let document = Document::parse(drawing).unwrap();
    let of_class = document.descendants().filter(|node| {
        node.has_tag_name(("http://www.w3.org/2000/svg", "text")) || node.has_tag_name("text")
    });
    let of_class = of_class.filter(|node| node.attribute("class") == Some(class));
    of_class.map(|node| spaced(node.text().unwrap_or_default())).collect()
}

/// A text as a drawing shows it: runs of blanks are one.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a drawing may hold.
const ELEMENTS: [&str; 10] =
    ["div", "svg", "desc", "a", "path", "rect", "ellipse", "polygon", "text", "circle"];
const ATTRIBUTES: [&str; 29] = [
    "anchor",
    "aria-hidden",
    "aria-label",
    "class",
    "cx",
    "cy",
    "d",
    "display",
    "fill",
    "font-size",
    "height",
    "href",
    "pointer-events",
    "points",
    "role",
    "rx",
    "ry",
    "stroke",
    "stroke-dasharray",
    "stroke-width",
    "style",
    "tabindex",
    "text-anchor",
    "viewBox",
    "width",
    "x",
    "y",
    "r",
    "title",
];

fn assert_harmless(drawing: &str) {
    let document = Document::parse(drawing).unwrap();
    for node in document.descendants().filter(|node| node.is_element()) {
        assert!(ELEMENTS.contains(&node.tag_name().name()), "{node:?}");
        for attribute in node.attributes() {
            assert!(ATTRIBUTES.contains(&attribute.name()), "{attribute:?}");
            assert!(attribute.name() != "href" || attribute.value() == "#there");
        }
    }
    for line in drawing.lines() {
        assert!(line.starts_with('<') && line.ends_with('>'), "{line}");
        let text = line.trim_start_matches(|c| c != '>').trim_start_matches('>');
        let text = text.split('<').next().unwrap();
        let is_sign = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !" &#;-.".contains(c);
        assert!(!text.contains(is_sign), "{line}");
    }
}

#[test]
fn a_message_leads_to_its_section_and_shows_its_number() {
    let drawing = drawn(&diagram("Show", ["client", "glance-api"], &["GET /v2/images", "200 OK"], "cached"));
    assert_harmless(&drawing);
    assert_eq!(texts(&drawing, "docgen-message"), ["GET /v2/images", "200 OK"]);
    assert_eq!(texts(&drawing, "docgen-number"), ["1", "2"]);
    assert_eq!(texts(&drawing, "docgen-note"), ["cached"]);
    // Above and below.
    assert_eq!(texts(&drawing, "docgen-actor"), ["glance-api", "client", "glance-api", "client"]);
    let document = Document::parse(&drawing).unwrap();
    let links: Vec<_> = document.descendants().filter(|node| node.has_tag_name("a")).collect();
    assert_eq!(links.len(), 1);
    let linked = links[0].descendants().filter_map(|node| node.text().filter(|text| !text.trim().is_empty()));
    assert!(linked.collect::<Vec<_>>().contains(&"GET /v2/images"));
    let classes = links[0].children().filter_map(|node| node.attribute("class")).collect::<Vec<_>>();
    assert_eq!(classes[..3], ["docgen-area", "docgen-message", "docgen-head"]);
    assert!(drawing.contains("role=\"group\" aria-label=\"Show\""));
}

#[test]
fn a_note_leads_to_the_first_step_that_it_names() {
    for (note, leads) in
        [("(1)-(2) inside", true), ("(1) a<br/>b", true), ("(2) is late", false), ("see (1)", false)]
    {
        let drawing = drawn(&diagram("Show", ["client", "glance-api"], &["GET /", "200 OK"], note));
        assert_harmless(&drawing);
        let document = Document::parse(&drawing).unwrap();
        let text = |node: &roxmltree::Node<'_, '_>| {
            node.attribute("class") == Some("docgen-note") && node.has_tag_name("text")
        };
        let notes: Vec<_> = document.descendants().filter(text).collect();
        assert!(!notes.is_empty());
        for node in notes {
            assert_eq!(node.parent().unwrap().attribute("href"), leads.then_some("#there"), "{drawing}");
        }
    }
}

#[test]
fn notes_stand_where_a_reader_sees_them() {
    let mut text = diagram("Show", ["client", "glance-api"], &["GET /", "200 OK"], "between");
    text += "  a->>b: DELETE /\n  Note over a: behind\n";
    let drawing = drawn(&text);
    let at = |text: &str| drawing.find(&format!(">{text}</text>")).unwrap();
    assert!(drawing.find("200 OK") < Some(at("between")) && at("between") < drawing.find("DELETE").unwrap());
    assert!(drawing.find("DELETE").unwrap() < at("behind"));
}

#[test]
fn the_areas_of_messages_are_large_enough_and_over_no_other() {
    let said: Vec<String> = (0..12).map(|at| format!("GET /{}", "v2/images/".repeat(at % 4))).collect();
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    let mut text = diagram("Show", ["client", "glance-api"], &said, "cached");
    text += "  a->>a: to itself\n  a->>b: of two<br/>lines\n  a-xb: gone\n";
    let drawing = drawing(&text, &|_| Some("there")).unwrap();
    let document = Document::parse(&drawing).unwrap();
    let number =
        |node: roxmltree::Node<'_, '_>, name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
    let links: Vec<_> = document.descendants().filter(|node| node.has_tag_name("a")).collect();
    assert_eq!(links.len(), said.len() + 3);
    let mut end = 0.0;
    for link in links {
        let area = link.children().find(|node| node.attribute("class") == Some("docgen-area")).unwrap();
        let [x, y, width, height] = ["x", "y", "width", "height"].map(|name| number(area, name));
        // At the size at which the smallest text can be read, it is what a finger needs (WCAG 2.5.8).
        assert!(y >= end && height * SMALLEST >= 24.0, "{y} {height}, behind {end}");
        end = y + height;
        let texts = link.children().filter(|node| {
            node.attribute("y").is_some() && node.attribute("class") != area.attribute("class")
        });
        for text in texts {
            assert!((x..x + width).contains(&number(text, "x")) && (y..end).contains(&number(text, "y")));
        }
    }
}

/// How much smaller than it is a drawing gets before it scrolls.
const SMALLEST: f64 = 11.0 / 13.0;

#[test]
fn without_links_it_is_a_picture_that_a_keyboard_can_scroll() {
    let text = diagram("Show", ["a", "b"], &["GET /"], "n");
    let drawing = drawing(&text, &|_| None).unwrap();
    assert!(drawing.contains("role=\"img\" aria-label=\"Show\"") && drawing.contains("tabindex=\"0\""));
}

#[test]
fn what_mermaid_would_not_draw_is_an_error_and_a_fence_stays() {
    let page = |lines: &str| format!("# a\n\n{}\n{lines}{}\n", MARKS[0], MARKS[1]);
    let error = draw(page("sequenceDiagram\n  a b c\n"), DiagramFormat::Svg, &|_| None).unwrap_err();
    assert!(error.message().contains("cannot be drawn"), "{error}");
    let fence = "``` mermaid\nsequenceDiagram\n  a->>b: c\n```\n";
    assert_eq!(draw(fence.into(), DiagramFormat::Svg, &|_| None).unwrap(), fence);
    let drawn = draw(page("sequenceDiagram\n  a->>b: c\n"), DiagramFormat::Svg, &|_| None).unwrap();
    assert!(
        drawn.starts_with("# a\n\n<div class=\"docgen-svg\"") && drawn.ends_with("</svg>\n</div>\n"),
        "{drawn}"
    );
}

#[test]
fn a_drawing_has_the_indent_of_its_diagram() {
    let text = format!("    {}\n    sequenceDiagram\n      a->>b: c\n    {}\n", MARKS[0], MARKS[1]);
    let drawn = draw(text, DiagramFormat::Svg, &|_| None).unwrap();
    assert!(drawn.lines().all(|line| line.starts_with("    <")), "{drawn}");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => "[A-Za-z/ ]{1,24}",
        4 => "[-a-c1/8<>`'\"{}#;:%|_*~.$^=+\\[\\]()\\\\&!@,?]{1,16}",
        2 => proptest::sample::select(vec![
            "<br>", "a<br/>b", "<script>x</script>", "#lt;b#gt;", "&lt;", "&amp;lt;", "ﬂ°°35¶ß", "ﬂ°lt¶ß", "%%{init: {}}%%",
            "wrap: x", "nowrap:x", "end", "$$x$$", "fa:fa-car", "http://a/b", "\\n", "한글 /v2/이미지", "🛰", "\u{202e}x",
            "]]>", "<!--", "-->>", "a->>b: c", "{ #id }", "javascript:x",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_was_captured_comes_back_as_text(
        title in any_text(),
        names in proptest::array::uniform2(any_text()),
        said in proptest::collection::vec(any_text(), 1..5),
        note in any_text(),
    ) {
        let shown = |text: &str| spaced(&visible(text));
        prop_assume!(names.iter().chain(&said).chain([&title, &note]).all(|text| !shown(text).is_empty()));
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let text = diagram(&title, [&names[0], &names[1]], &said, &note);
        let drawing = drawn(&text);
        assert_harmless(&drawing);
        let expected: Vec<String> = said.iter().map(|said| shown(said)).collect();
        prop_assert_eq!(texts(&drawing, "docgen-message"), expected);
        prop_assert_eq!(texts(&drawing, "docgen-note"), [shown(&note)]);
        let mut found = texts(&drawing, "docgen-actor");
        found.truncate(2);
        found.sort();
        let mut names: Vec<String> = names.iter().map(|name| shown(name)).collect();
        names.sort();
        prop_assert_eq!(found, names);
        prop_assert_eq!(drawn(&text), drawing);
    }
}
