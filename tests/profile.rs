//! Profiles: the one that ships, one that a user might write, and files that are wrong.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use docgen::profile::{Call, Profile, RouteMatch};
use docgen::trace::UrlParts;
use proptest::prelude::*;
use support::{own, shared};

fn fixtures() -> PathBuf {
    own("tests/fixtures/profile")
}

fn openstack() -> &'static Profile {
    Profile::embedded("openstack").unwrap()
}

fn forge() -> &'static Profile {
    static FORGE: LazyLock<Profile> = LazyLock::new(|| {
        let file = fixtures().join("forge.toml");
        Profile::from_toml(&file, &fs::read_to_string(&file).unwrap()).unwrap()
    });
    &FORGE
}

/// Compares with the file; `UPDATE_FIXTURES=1` writes it instead, to be read before it is committed.
fn assert_file(file: &Path, actual: &str) {
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(file, actual).unwrap();
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    assert!(expected == actual, "{} differs; it would be:\n{actual}", file.display());
}

/// The path with the values of its variables put back.
fn filled(found: &RouteMatch<'_, '_>) -> String {
    let mut rest = found.template.as_str();
    let mut path = String::new();
    for (name, value) in &found.variables {
        let (before, after) = rest.split_once(&format!("{{{name}}}")).unwrap();
        path.push_str(before);
        path.push_str(value);
        rest = after;
    }
    path + rest
}

#[test]
fn every_request_of_the_recorded_logs_is_known() {
    let requests = fs::read_to_string(fixtures().join("requests.txt")).unwrap();
    let mut table = String::new();
    for request in requests.lines() {
        let (method, url) = request.split_once(' ').unwrap();
        let parts = UrlParts::of(url);
        let server = openstack().participant_by_url(url).unwrap_or_else(|| panic!("nobody serves {url}"));
        let found = openstack()
            .route(server.id(), method, parts.path)
            .unwrap_or_else(|| panic!("no route for {request}"));
        let call = Call { route: &found, from: Some("client"), query: parts.query, status: Some(200) };
        let step = openstack().step(&call).unwrap_or_else(|| panic!("no description of {request}"));
        writeln!(table, "{request}").unwrap();
        writeln!(table, "  {}: {}", server.label(), found.template).unwrap();
        writeln!(table, "  {}", found.api_reference()).unwrap();
        writeln!(table, "  {}", step.request("en").unwrap()).unwrap();
        writeln!(table, "  {}", step.request("ko").unwrap()).unwrap();
    }
    assert_file(&fixtures().join("requests.expected.txt"), &table);
}

#[test]
fn every_entry_of_the_recorded_logs_is_known() {
    let roots = [Some(own("tests/fixtures/logs")), shared("logs")].into_iter().flatten();
    let releases = roots.flat_map(|root| fs::read_dir(root).unwrap());
    let folders = releases.flat_map(|release| fs::read_dir(release.unwrap().path()).unwrap());
    let mut seen = 0;
    for folder in folders {
        let Ok(log) = fs::read_to_string(folder.unwrap().path().join("requestshook.log")) else { continue };
        for head in log.lines().filter_map(|line| line.strip_prefix("### (")?.split_once(") REQ >>> (")) {
            let (from, rest) = head;
            let (to, request) = rest.split_once(") : ").unwrap();
            let (method, url) = request.split_once(' ').unwrap();
            let from = openstack().participant_by_name(from).unwrap_or_else(|| panic!("who is {from}?"));
            let to = openstack().participant_by_name(to).unwrap_or_else(|| panic!("who is {to}?"));
            assert_eq!(openstack().participant_by_url(url), Some(to), "{url}");
            let parts = UrlParts::of(url);
            let found = openstack().route(to.id(), method, parts.path);
            let found = found.unwrap_or_else(|| panic!("no route for {request}"));
            assert!(found.api_reference().starts_with("https://docs.openstack.org/api-ref/"));
            let call = Call { route: &found, from: Some(from.id()), query: parts.query, status: None };
            assert!(openstack().step(&call).is_some(), "no description of {request}");
            seen += 1;
        }
    }
    assert!(seen > 0, "the logs hold no request");
}

#[test]
fn participants_are_known_by_their_urls() {
    for (url, id) in [
        ("http://127.0.0.1:5000/v3", "keystone"),
        ("https://cloud.example/identity/v3/auth/tokens", "keystone"),
        ("http://10.0.0.1:9292/v2/images", "glance"),
        ("http://cloud.example/image", "glance"),
        ("http://cloud.example:8774/v2.1/", "nova"),
        ("http://cloud.example/networking/v2.0", "neutron"),
        ("http://cloud.example/network/v2.0", "neutron"),
        ("http://cloud.example:8776/v3/", "cinder"),
        ("http://cloud.example:8080/v1/AUTH_2f/c/image", "swift"),
        ("http://cloud.example:8080/info", "swift"),
        ("http://cloud.example/object-store/v1/AUTH_2f", "swift"),
        ("http://cloud.example/placement/allocation_candidates", "placement"),
        ("http://cloud.example/load-balancer/v2.0/lbaas/loadbalancers", "octavia"),
        ("http://cloud.example/heat-api/v1/2f/stacks", "heat"),
        ("http://cloud.example:8779/v1.0/2f/instances", "trove"),
    ] {
        assert_eq!(openstack().participant_by_url(url).map(|found| found.id()), Some(id), "{url}");
    }
    for url in ["http://cloud.example:8080/", "http://cloud.example/images", "http://cloud.example/", "", "?"]
    {
        assert_eq!(openstack().participant_by_url(url), None, "{url}");
    }
    let client = openstack().client().unwrap();
    assert_eq!((client.id(), client.label()), ("client", "openstack-client"));
    assert_eq!(openstack().participant_by_name("openstack"), Some(client));
}

#[test]
fn paths_become_templates() {
    for (id, request, template) in [
        ("glance", "GET /v2/images/cirros", "/v2/images/{image_id}"),
        ("glance", "GET /image/v2/images/", "/image/v2/images/"),
        ("glance", "PUT /v2/images/1/tags/a%2Fb", "/v2/images/{image_id}/tags/{tag}"),
        ("nova", "GET /compute/v2.1/servers/detail", "/compute/v2.1/servers/detail"),
        ("nova", "GET /v2.1/2f/servers/1", "/v2.1/{project_id}/servers/{server_id}"),
        ("nova", "GET /v2.1/os-quota-sets/2f", "/v2.1/os-quota-sets/{project_id}"),
        ("cinder", "GET /volume/v3/2f/volumes/1", "/volume/v3/{project_id}/volumes/{volume_id}"),
        ("cinder", "GET /v3/volumes/detail", "/v3/volumes/detail"),
        ("cinder", "GET /v3/", "/v3/"),
        ("swift", "HEAD /v1/AUTH_2f/c/a/b.txt", "/v1/{account}/{container}/{object}"),
        ("placement", "PUT /placement/allocations/1", "/placement/allocations/{consumer_id}"),
        ("keystone", "HEAD /identity/v3/projects/1", "/identity/v3/projects/{project_id}"),
        ("neutron", "GET /proxied/at/v2.0/ports/1", "/proxied/at/v2.0/ports/{port_id}"),
    ] {
        let (method, path) = request.split_once(' ').unwrap();
        let found = openstack().route(id, method, path);
        assert_eq!(found.map(|found| found.template).as_deref(), Some(template), "{request}");
    }
    assert_eq!(openstack().route("glance", "BREW", "/v2/images"), None);
    assert_eq!(openstack().route("glance", "GET", "/v2/teapots"), None);
    assert_eq!(openstack().route("nobody", "GET", "/"), None);
    let found = openstack().route("glance", "GET", "/v2/images/1/members/2").unwrap();
    assert_eq!((found.variable("image_id"), found.variable("member_id")), (Some("1"), Some("2")));
    assert_eq!(found.variables, [("image_id", "1"), ("member_id", "2")]);
}

#[test]
fn a_description_fits_its_call() {
    let describe = |method, path: &str, from, status| {
        let parts = UrlParts::of(path);
        let server = openstack().participant_by_url(path).unwrap();
        let found = openstack().route(server.id(), method, parts.path).unwrap();
        let call = Call { route: &found, from, query: parts.query, status };
        openstack().step(&call).and_then(|step| step.request("en")).unwrap()
    };
    let tokens = "/identity/v3/auth/tokens";
    let issued = [Some("client"), Some("nova"), None].map(|from| describe("POST", tokens, from, Some(201)));
    assert_eq!(issued.iter().collect::<BTreeSet<_>>().len(), 3, "{issued:?}");
    assert_ne!(
        describe("GET", tokens, Some("glance"), Some(200)),
        describe("GET", tokens, Some("client"), Some(200))
    );
    let images = "/image/v2/images";
    assert_ne!(
        describe("GET", images, None, None),
        describe("GET", "/image/v2/images?limit=1&name=x", None, None)
    );
    assert_eq!(describe("GET", images, None, None), describe("GET", "/image/v2/images?names=x", None, None));
    assert_ne!(
        describe("GET", "/image/v2/images/x", None, Some(404)),
        describe("GET", "/image/v2/images/x", None, Some(200))
    );
}

#[test]
fn a_command_leads_to_its_reference() {
    let docs = "https://docs.openstack.org/python-openstackclient";
    for (command, text, page) in [
        ("openstack image save --file a.img 9c31", "image save", "image-v2.html#image-save"),
        (
            "$ openstack image add project \\\n  9c31 demo",
            "image add project",
            "image-v2.html#image-add-project",
        ),
        ("openstack --os-cloud demo -v server create s1", "server create", "server.html#server-create"),
        (
            "openstack --os-cloud=demo server group create g",
            "server group create",
            "server-group.html#server-group-create",
        ),
        ("OS_CLOUD=demo /usr/bin/openstack token issue", "token issue", "token-v3.html#token-issue"),
        ("openstack image list --all", "image list", "image-v2.html#image-list"),
        ("openstack volume list", "volume list", "volume.html#volume-list"),
        ("openstack image frobnicate x", "image", "image-v2.html"),
    ] {
        let link = openstack().cli_reference(command, Some("zed")).unwrap_or_else(|| panic!("{command}"));
        assert_eq!(link.text, format!("openstack {text}"), "{command}");
        assert_eq!(link.url, format!("{docs}/zed/cli/command-objects/{page}"), "{command}");
    }
    let member = openstack().cli_reference("openstack image add project 9c31 demo", None).unwrap();
    assert_eq!(member.url, format!("{docs}/latest/cli/command-objects/image-member.html#image-add-project"));
    let latest = openstack().cli_reference("openstack image save x", None).unwrap();
    assert_eq!(latest.url, format!("{docs}/latest/cli/command-objects/image-v2.html#image-save"));
    for command in
        ["", "openstack", "glance image-list", "openstack --help", "openstack frobnicate image list", "A=b"]
    {
        assert_eq!(openstack().cli_reference(command, None), None, "{command}");
    }
}

#[test]
fn noise_is_what_goes_on_anyway() {
    let noise = |from, to, method, path: &str| {
        openstack().noise().iter().any(|noise| noise.covers(from, to, method, path))
    };
    let inventories = "/placement/resource_providers/1/inventories";
    assert!(noise(Some("nova-compute"), Some("placement"), "GET", inventories));
    assert!(!noise(Some("nova"), Some("placement"), "GET", inventories));
    assert!(noise(None, None, "GET", "/image/healthcheck"));
    assert!(!noise(Some("client"), Some("glance"), "GET", "/image/v2/images"));
}

#[test]
fn the_embedded_profile_is_well_formed() {
    assert_eq!(Profile::embedded_names(), ["openstack"]);
    assert!(Profile::embedded("openstark").is_none());
    let profile = openstack();
    assert_eq!(profile.locales(), ["ko", "en"]);
    for id in
        ["keystone", "glance", "nova", "neutron", "cinder", "swift", "placement", "trove", "heat", "octavia"]
    {
        assert!(!profile.routes(id).is_empty(), "{id} has no route");
        assert!(profile.participant_by_name(id).is_some_and(|found| !found.mounts().is_empty()), "{id}");
    }
    for participant in profile.participants() {
        for route in profile.routes(participant.id()) {
            let path = route.template().replace(['{', '}'], "~");
            let found =
                profile.route(participant.id(), route.method(), &path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(found.route, route, "{path} is taken for another route");
            assert!(route.api_reference().starts_with("https://docs.openstack.org/api-ref/"));
            let anchor = route.api_reference().split_once('#').map_or("", |(_, anchor)| anchor);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(anchor.chars().all(plain), "{anchor} is no anchor as Sphinx makes them");
        }
    }
    for step in profile.steps() {
        for texts in [step.request("ko"), step.request("en"), step.response("ko"), step.response("en")] {
            let Some(text) = texts else { continue };
            assert_eq!(text, text.trim());
            assert!(!text.ends_with(['.', '!', '?', ':', ',']), "{text}");
        }
        assert_eq!(step.response("ko").is_some(), step.response("en").is_some());
        let (ko, en) = (step.request("ko").unwrap(), step.request("en").unwrap());
        assert!(en.starts_with(|c: char| c.is_ascii_lowercase()) && en.is_ascii(), "{en}");
        assert!(ko.ends_with(|c| ('가'..='힣').contains(&c)) && !ko.ends_with('다'), "{ko}");
    }
}

#[test]
fn another_system_needs_a_file_only() {
    let profile = forge();
    let by_url = |url| profile.participant_by_url(url).map(|found| found.id());
    assert_eq!(by_url("https://forge.example.org/x"), Some("api"));
    assert_eq!(by_url("https://packages.example.org:8443/x"), Some("packages"));
    assert_eq!(by_url("https://packages.example.org/x"), None);
    assert_eq!(by_url("https://other.example.org/npm/@scope/x"), Some("packages"));
    let template = |method, path| profile.route("api", method, path).map(|found| found.template);
    assert_eq!(template("GET", "/api/v1/repos/a/b").as_deref(), Some("/api/v1/repos/{owner}/{repo}"));
    assert_eq!(template("GET", "/api/v1/repos/search").as_deref(), Some("/api/v1/repos/search"));
    assert_eq!(
        template("GET", "/api/v1/repos/a/b/contents/src/x.rs").as_deref(),
        Some("/api/v1/repos/{owner}/{repo}/contents/{path}")
    );
    assert_eq!(
        template("GET", "/api/v1/repos/a/b/archive/v1.zip").as_deref(),
        Some("/api/v1/repos/{owner}/{repo}/archive/{ref}.zip")
    );
    assert_eq!(template("GET", "/api/v1/user/starred").as_deref(), Some("/api/v1/user/starred"));
    assert_eq!(template("GET", "/api/v1/starred").as_deref(), Some("/api/v1/starred"));
    let version = profile.route("api", "GET", "/api/v1/version").unwrap();
    assert_eq!(version.api_reference(), "https://forge.example.org/api/swagger");

    let found = profile.route("api", "GET", "/v1/repos/a/b").unwrap();
    assert_eq!(found.api_reference(), "https://forge.example.org/api/swagger#repoGet");
    let call = Call { route: &found, from: Some("cli"), query: None, status: Some(200) };
    assert_eq!(profile.step(&call).unwrap().request("de"), Some("das Repository ansehen"));
    let free = profile.step(&Call { status: Some(404), ..call }).unwrap();
    assert_eq!((free.response("en"), free.response("ko")), (Some("learn that it is"), None));

    let link = profile.cli_reference("fg -C /tmp issue create --title x", None).unwrap();
    assert_eq!(link.url, "https://forge.example.org/docs/stable/issues.html#issue-create");
    let link = profile.cli_reference("fg repo archive download x", Some("2.0")).unwrap();
    assert_eq!(link.url, "https://forge.example.org/docs/2.0/repo.html#repo-archive-download");
    assert!(profile.noise()[0].covers(Some("api"), None, "GET", "/api/ping"));
}

#[test]
fn a_wrong_file_is_told_with_its_place() {
    let mut cases: Vec<_> =
        fs::read_dir(fixtures().join("wrong")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.extension().is_some_and(|extension| extension == "toml"));
    cases.sort();
    assert!(cases.len() > 10, "the cases are missing");
    for case in cases {
        let text = fs::read_to_string(&case).unwrap();
        let name = Path::new(case.file_name().unwrap());
        let error =
            Profile::from_toml(name, &text).err().unwrap_or_else(|| panic!("{} is read", case.display()));
        assert_file(&case.with_extension("txt"), &format!("{error}\n"));
    }
}

proptest! {
    #[test]
    fn any_path_is_answered_and_a_template_gives_it_back(
        method in "GET|HEAD|POST|PUT|DELETE|PATCH|\\PC{0,5}",
        // Braces in the path itself would be taken for the template's when it is filled in.
        path in "(/(v1|v2|v2\\.0|v2\\.1|v3|image|compute|images|servers|volumes|ports|detail|metadata|AUTH_1|[^/{}]{0,4})){0,7}/?",
        id in "glance|nova|neutron|cinder|swift|keystone|placement|heat|octavia|trove|x",
    ) {
        if let Some(found) = openstack().route(&id, &method, &path) {
            prop_assert_eq!(filled(&found), path);
        }
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,60}") {
        openstack().participant_by_url(&text);
        openstack().participant_by_name(&text);
        openstack().route("swift", &text, &text);
        openstack().cli_reference(&format!("openstack {text}"), Some(&text));
        let _ = Profile::from_toml(Path::new("x.toml"), &text);
    }

    #[test]
    fn any_value_in_a_profile_is_read_or_told(value in "[\\PC&&[^\"\\\\]]{0,30}") {
        for text in [
            format!("name = \"x\"\n[[participant]]\nid = \"a\"\nmounts = [\"{value}\"]"),
            format!("name = \"x\"\n[[participant]]\nid = \"a\"\nurls = [\"{value}\"]"),
            format!("name = \"x\"\n[[participant]]\nid = \"a\"\n[[api]]\nname = \"a\"\nparticipants = [\"a\"]\nreference = \"\"\nroutes = [\"GET {value}\"]"),
        ] {
            if let Err(error) = Profile::from_toml(Path::new("x.toml"), &text) {
                prop_assert!(error.place().is_some_and(|place| place.line > 0), "{error}");
            }
        }
    }
}

/// The block for a debugger is for whoever asks for it: a profile, or else the settings.
#[test]
fn a_debugger_s_configuration_is_shown_where_it_is_asked_for() {
    let profile = |launch: &str| format!("name = \"shop\"\nlocales = [\"en\"]\n{launch}");
    let asking = "[launch]\nprogram = \"bin/shop\"\n";
    for (of_profile, of_settings, is_shown) in [
        ("", "", false),
        ("launch = false\n", "", false),
        ("launch = true\n", "", true),
        ("launch = true\n", "[launch]\nshow = false\n", false),
        ("", asking, true),
        ("", "[launch]\nshow = true\n", true),
    ] {
        let site = support::Site::with(&["look"]);
        let told = format!("{of_profile:?} {of_settings:?}");
        site.write("captures/shop.toml", profile(of_profile));
        let settings = "layout = \"page\"\nprofile = \"shop.toml\"\n";
        site.write("captures/docgen.toml", format!("{settings}{of_settings}"));
        site.write("captures/look/capture.toml", "command = \"shop look --all\"\n");
        site.renders();
        let page = site.read("docs/look.md");
        assert!(page.contains("$ shop look --all"), "{told}: {page}");
        assert_eq!(page.contains("launch.json"), is_shown, "{told}: {page}");
        assert_eq!(page.contains("\"request\": \"launch\""), is_shown, "{told}: {page}");
        // A draft has the hole where the page has the block, and gives the same page.
        let docgen = |arguments: &[&str]| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_docgen"));
            support::Ran::from(command.args(arguments).current_dir(site.root()).output().unwrap())
        };
        let ran = docgen(&["new", "captures/look"]);
        assert_eq!(ran.status, 0, "{told}: {}", ran.err);
        assert_eq!(site.read("captures/look/page.md").contains("{{ launch }}"), is_shown, "{told}");
        site.renders();
        assert_eq!(site.read("docs/look.md").contains("launch.json"), is_shown, "{told}");
        // A hole that has nothing to print is told of with its line.
        site.write("captures/look/page.md", "# Look\n\n{{ launch }}\n");
        let ran = site.render(&[]);
        assert_eq!(ran.status, i32::from(!is_shown), "{told}: {}", ran.err);
        if !is_shown {
            ran.complains(&["there is no configuration to print", "page.md:3:4", "launch.show"]);
        }
        // It is a block of a page, and no file of its own.
        let files = site.files("docs").into_keys().chain(site.files("captures").into_keys());
        assert!(files.into_iter().all(|name| !name.ends_with(".json") || name.contains(".docgen")), "{told}");
    }
}
