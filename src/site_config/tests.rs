use super::*;

const ALL: Pages<'_> =
    Pages { docs: "docs", has_parts: true, has_indexes: true, has_mermaid: true, plugin: Some("captures") };

fn completed(file: &str, text: &str) -> (String, Vec<String>) {
    let file = Path::new(file);
    let (made, left) = Config::parse(file, text).unwrap().completed(ALL);
    let again = Config::parse(file, &made).unwrap().completed(ALL);
    assert_eq!(again.0, made, "a second time changes something");
    assert_eq!(again.1.len(), left.len());
    // Text was only put in.
    let mut chars = made.chars();
    assert!(text.chars().all(|c| chars.any(|made| made == c)), "something is gone:\n{made}");
    (made, left.iter().map(|error| error.message().to_owned()).collect())
}

/// Sites in several hands.
const SITES: [&str; 14] = [
    "site_name: x\ntheme:\n  name: material\n",
    "site_name: x # mine\ntheme: {name: material}\nmarkdown_extensions:\n- toc: # all\n    permalink: true\n\
     - pymdownx.superfences # fences\n- pymdownx.tabbed:\n    slugify: x # s\n\nplugins:\n- search # here\n\
     - other:\n    a: [1, 2]\n# the end\n",
    "theme: material\nsite_name: x\nmarkdown_extensions:\n    - pymdownx.superfences:\n        custom_fences:\n          \
     - name: math\n            class: arithmatex\n            format: !!python/name:a.b\n    - attr_list\n\
     exclude_docs: |\n    drafts/\n    *.tmp\nextra_css: [a.css]\nextra_css2:\n",
    "theme: material\r\nsite_name: x\r\nplugins:\r\n  - search:\r\n      lang: en\r\nextra_javascript:\r\n  - a.js # one\r\n",
    "theme: material\nplugins:\nextra_css:\n  - path: b.css\nmarkdown_extensions:\n  - pymdownx.snippets:\n      base_path: [a]",
    // Lists of names as maps.
    "theme: material\nmarkdown_extensions:\n    attr_list: {}\n    toc:\n        permalink: true # p\nplugins:\n  tags: {}\n  search: # s\n\nextra: {}\n",
    "theme: material\nplugins: !ENV [P, []]\nnav:\n  - A: a.md\n",
    // Lists on one line.
    "theme: {name: material}\nplugins: [ 'search' , tags] # t\nextra_javascript: []\nextra_css: [\n  a.css, # a\n  b.css,\n]\n\
     markdown_extensions: [attr_list, pymdownx.superfences, {toc: {permalink: true}}]\n",
    "theme: {name: material}\nmarkdown_extensions: []\nextra_css: &css [a.css]\nextra: *css\n",
    "theme: material\nextra_css: !ENV [CSS, [a.css]]\n",
    // No search is wanted, or another one.
    "theme: material\nplugins: []\n",
    "theme: material\nplugins:\n  - tags\n",
    // What is named elsewhere in the file.
    "theme: &t {name: material}\nextra: {css: &css [a.css], t: &o {alternate_style: true}}\nmarkdown_extensions:\n\
     - pymdownx.tabbed:\n    <<: *o\n- pymdownx.superfences: *t\nextra_css: *css\n",
    "\u{feff}theme: material # 가\nplugins:\n  - search # 검색\nextra_css:\n  - 가.css # 가\n",
];

#[test]
fn what_is_lacking_is_added_and_nothing_is_lost() {
    for text in SITES {
        let (made, left) = completed("mkdocs.yml", text);
        // What the environment gives, or is named elsewhere, is a person's to change.
        let by_hand = [
            "base_path: [a]",
            "!ENV [P",
            "!ENV [CSS",
            "extra_css: *css",
            "superfences: *t",
            "&css [a.css]\nextra",
        ];
        let expected = by_hand.iter().filter(|by_hand| text.contains(**by_hand)).count();
        assert_eq!(left.len(), expected, "{left:#?}\n{made}");
        assert!(
            made.contains("separator")
                != ["plugins: []", "- tags\n", "!ENV [P"].iter().any(|none| text.contains(none)),
            "{made}"
        );
    }
}

#[test]
fn the_plugin_is_told_of_captures_elsewhere() {
    let pages = Pages { plugin: Some("data/traces"), ..ALL };
    let file = Path::new("mkdocs.yml");
    for text in [
        "theme: material\n",
        "theme: material\nplugins:\n  - docgen\n",
        "theme: material\nplugins:\n  docgen: {}\n",
    ] {
        let (made, left) = Config::parse(file, text).unwrap().completed(pages);
        let told = made.contains("captures: 'data/traces'\n");
        let said = left.iter().any(|error| error.message().contains("`docgen` has no `captures`"));
        assert!(told != said && told != text.contains("{}"), "{made}\n{left:#?}");
        assert_eq!(Config::parse(file, &made).unwrap().completed(pages).0, made);
    }
}

#[test]
fn zensical_toml_gets_the_same() {
    let text = "[project] # mine\nsite_name = \"x\"\nextra_css = [\n  \"a.css\", # one\n]\nexclude_docs = \"\"\"\ndrafts/\n\"\"\"\n\n\
                [project.markdown_extensions.pymdownx.tabbed]\nslugify = 'x'\n[project.markdown_extensions.attr_list]\n";
    let (made, left) = completed("zensical.toml", text);
    assert_eq!(left, Vec::<String>::new(), "{made}");
    // Without a word of extensions Zensical has its own, which an addition would take away.
    let (made, left) = completed("zensical.toml", "[project]\nsite_name = \"x\"\n");
    assert!(left.len() == 1 && left[0].contains("pymdownx.snippets"), "{left:?}\n{made}");
    assert!(!made.contains("markdown_extensions") && made.contains("separator"), "{made}");
}

#[test]
fn zensical_toml_is_added_to_however_it_is_written() {
    for text in [
        "\u{feff}[project]\nsite_name = 'x'\nextra_css = [\"a.css\"] # one line\nextra_javascript = []\n[project.markdown_extensions]\n",
        "[ project ] # mine\nsite_name = 'x'\nplugins = [\"search\", 'tags'] # two\n\
         [project.markdown_extensions]\nattr_list = {}\n\
         \"pymdownx.superfences\" = { custom_fences = [{ name = \"math\", class = \"m\", format = \"f\" }] } # f\n\
         pymdownx.tabbed = {}\npymdownx.snippets = { base_path = ['docs'] }\n",
        "[project]\nsite_name = 'x'\nmarkdown_extensions = [\"attr_list\", { toc = { permalink = true } }, \"pymdownx.tabbed\"]\n\
         plugins = []\n",
        "project.site_name = 'x'\nproject.markdown_extensions.attr_list = {}\n",
        "[project]\nsite_name = 'x'\n[project.markdown_extensions.\"pymdownx.tabbed\"] # t\n[project.theme]\nvariant = 'classic'\n\
         [project.plugins.\"search\"]\n",
        "# mine\r\n[project]\r\nsite_name = 'x'\r\n[project.markdown_extensions.toc]\r\npermalink = true\r\n",
    ] {
        let (made, left) = completed("zensical.toml", text);
        assert_eq!(left, Vec::<String>::new(), "{made}");
        assert_eq!(
            made.matches("\r\n").count(),
            if text.contains('\r') { made.matches('\n').count() } else { 0 }
        );
    }
}

#[test]
fn nothing_of_mermaid_is_asked_for_where_every_diagram_is_drawn() {
    let drawn = Pages { has_mermaid: false, ..ALL };
    for (file, text) in SITES
        .map(|text| ("mkdocs.yml", text))
        .into_iter()
        .chain([("zensical.toml", "[project]\nsite_name = 'x'\n")])
    {
        let config = Config::parse(Path::new(file), text).unwrap();
        let lacks: String = config.lacks(drawn).iter().map(|error| error.to_string()).collect();
        let (made, _) = config.completed(drawn);
        assert!(!lacks.contains("mermaid") && !made.contains("mermaid"), "{lacks}\n{made}");
        assert!(
            !made.contains("docgen.js")
                && made.contains("docgen.css")
                    != ["!ENV [CSS", "*css\n", "&css"].iter().any(|css| text.contains(css)),
            "{made}"
        );
        assert!(text.contains("project") || made.contains("pymdownx.superfences"), "{made}");
    }
}

#[test]
fn what_is_lacking_is_told_with_its_place() {
    let text =
        "site_name: x\ntheme: readthedocs\nmarkdown_extensions:\n  - attr_list\n  - pymdownx.superfences\n";
    let found = Config::parse(Path::new("mkdocs.yml"), text).unwrap().lacks(ALL);
    let line = |words: &str| {
        let found =
            found.iter().find(|error| error.message().contains(words)).unwrap_or_else(|| panic!("{words}"));
        found.place().unwrap().line
    };
    assert_eq!(line("`pymdownx.superfences` lacks `custom_fences`"), 5);
    assert_eq!(line("`pymdownx.tabbed` is missing"), 3);
    assert_eq!(line("theme"), 2);
    assert!(!found.iter().any(|error| error.message().contains("attr_list")));
    let text = "[project]\nsite_name = 'x'\n[project.plugins.docgen]\n";
    let found = Config::parse(Path::new("zensical.toml"), text).unwrap().lacks(ALL);
    let dead = found.iter().find(|error| error.message().contains("does nothing here")).unwrap();
    assert_eq!(dead.place().unwrap().line, 3);
}

#[test]
fn docgens_own_site_lacks_nothing() {
    let lacks = Config::parse(Path::new("mkdocs.yml"), include_str!("../../mkdocs.yml"))
        .unwrap()
        .lacks(Pages { plugin: None, ..ALL });
    assert!(lacks.is_empty(), "{lacks:#?}");
}
