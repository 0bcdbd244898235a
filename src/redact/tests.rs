use base64::Engine as _;
use proptest::prelude::*;

use super::*;
use crate::trace::{Binary, KnownFrom, Request, Response};

/// A trace and an output without their secrets.
fn redact(trace: Trace, output: &str, rules: &Rules) -> (Trace, String) {
    let redacted = super::redact(trace, output, rules);
    (redacted.trace, redacted.output)
}

fn find_secrets(text: &str) -> Vec<Finding> {
    super::find_secrets(text, &rules())
}

fn rules() -> Rules {
    Rules::new("en", &RuleSpec::default()).unwrap()
}

const FERNET: &str = "gAAAAABjlug2ZWlEI9u8KK2SQ7ydjRYxuflGjdk1MoZpa-azw_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_A5sVhiJo21aZ-Vm8hsdN8EsLONGER_AND_LONGER_AND_LONGER_AND_LONGER==";

fn fields(fields: &[(&str, &str)]) -> Headers {
    fields.iter().map(|(name, value)| (Text::from(*name), Text::from(*value))).collect()
}

fn exchange(url: &str, request: (&[(&str, &str)], &str), response: (&[(&str, &str)], &str)) -> Exchange {
    let body = |text: &str| if text.is_empty() { Body::Absent } else { Body::Text(text.into()) };
    Exchange {
        from: None,
        to: None,
        started: 0,
        ended: Some(1),
        synthetic: false,
        known_from: KnownFrom::Wire,
        request: Request {
            method: "POST".into(),
            url: url.into(),
            headers: fields(request.0),
            body: body(request.1),
            ..Request::default()
        },
        response: Some(Response {
            status: 200,
            reason: "OK".into(),
            url: None,
            headers: fields(response.0),
            body: body(response.1),
            ..Response::default()
        }),
        ..Exchange::default()
    }
}

fn trace(exchanges: Vec<Exchange>) -> Trace {
    Trace { exchanges, ..Trace::default() }
}

fn text_of(body: &Body) -> &str {
    match body {
        Body::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_shows_a_quarter_and_looks_the_same_everywhere() {
    let stand_in = rules().stand_in(Class::Token, FERNET);
    let (head, tail) = stand_in.split_once("(...)").unwrap();
    assert!(FERNET.starts_with(head) && FERNET.ends_with(tail));
    assert!((head.len() + tail.len()) * 4 <= FERNET.len() && head.len() > 15 && tail.len() > 15);

    let url = format!("http://h/v3/tokens/{FERNET}?token={}", FERNET.replace('=', "%3D"));
    let body = format!("{{\"auth\": {{\"identity\": {{\"token\": {{\"id\": \"{FERNET}\"}}}}}}}}");
    let output = format!("| id | {FERNET} |\n");
    let one = exchange(
        &url,
        (&[("X-Auth-Token", FERNET), ("Vary", "X-Auth-Token")], &body),
        (&[("X-Subject-Token", FERNET)], ""),
    );
    let (trace, output) = redact(trace(vec![one]), &output, &rules());
    let request = &trace.exchanges[0].request;
    assert_eq!(&*request.url, format!("http://h/v3/tokens/{stand_in}?token={stand_in}"));
    assert_eq!(request.headers, fields(&[("X-Auth-Token", &stand_in), ("Vary", "X-Auth-Token")]));
    assert_eq!(text_of(&request.body), body.replace(FERNET, &stand_in));
    assert_eq!(output, format!("| id | {stand_in} |\n"));
    assert_eq!(
        trace.exchanges[0].response.as_ref().unwrap().headers.get("X-Subject-Token").unwrap(),
        &*stand_in
    );
}

#[test]
fn the_language_chooses_the_ellipsis_and_short_tokens_show_nothing() {
    let ko = Rules::new("ko", &RuleSpec::default()).unwrap();
    assert!(ko.stand_in(Class::Token, FERNET).contains("(...생략...)"));
    assert_eq!(ko.stand_in(Class::Token, &"a".repeat(60)), "***");
    assert_eq!(ko.stand_in(Class::Token, &"a".repeat(61)), "aaaaaaaa(...생략...)aaaaaaa");
}

#[test]
fn json_keeps_every_byte_that_is_no_secret() {
    let body = "{ \"auth\" : {\"identity\":{\"methods\":[\"password\"], \"password\":{\"user\":{\"name\":\"admin\",\"password\":\"as\\\"df-\\u00e9-7Xq2\",\"n\":1.50}}}},\r\n \"a\":1,\"a\":2, \"adminPass\": 12345, \"secret\": [\"x1\",\"y2\"], \"password_expires_at\": null}";
    let expected = "{ \"auth\" : {\"identity\":{\"methods\":[\"password\"], \"password\":{\"user\":{\"name\":\"admin\",\"password\":\"***\",\"n\":1.50}}}},\r\n \"a\":1,\"a\":2, \"adminPass\": \"***\", \"secret\": [\"***\",\"***\"], \"password_expires_at\": null}";
    let (trace, output) = redact(
        trace(vec![exchange("http://h/", (&[], body), (&[], ""))]),
        "as\"df-é-7Xq2 12345 x123450",
        &rules(),
    );
    assert_eq!(text_of(&trace.exchanges[0].request.body), expected);
    // A number of five digits is too weak to be looked for.
    assert_eq!(output, "*** 12345 x123450");
}

#[test]
fn a_token_can_be_a_key() {
    let body = format!("{{\"{FERNET}\": 1, \"password\": \"methods\", \"methods\": 2}}");
    let (trace, _) = redact(trace(vec![exchange("http://h/", (&[], &body), (&[], ""))]), FERNET, &rules());
    let text = text_of(&trace.exchanges[0].request.body);
    assert!(
        text.contains("(...)") && text.ends_with("\": 1, \"password\": \"***\", \"methods\": 2}"),
        "{text}"
    );
}

#[test]
fn json_in_json_and_urls_in_json() {
    let body = r#"{"blob": "{\"access\": \"a1b2\", \"secret\": \"s3cr3t-v4lue\"}", "url": "http://h:6080/v.html?path=%3Ftoken%3Dabcd-1234&x=1"}"#;
    let (trace, _) = redact(trace(vec![exchange("http://h/", (&[], body), (&[], ""))]), "", &rules());
    let expected = r#"{"blob": "{\"access\": \"a1b2\", \"secret\": \"***\"}", "url": "http://h:6080/v.html?path=%3Ftoken%3D***&x=1"}"#;
    // What stands inside the query is encoded anew.
    assert_eq!(percent(text_of(&trace.exchanges[0].request.body)), percent(expected));
}

fn percent(text: &str) -> String {
    scan::percent_decoded(text, false).into_owned()
}

#[test]
fn headers_cookies_and_authorization() {
    let basic = base64::engine::general_purpose::STANDARD.encode("me:hunter2-and-more");
    let headers = [
        ("authorization", format!("Basic {basic}")),
        ("Cookie", "a=1; sid=abcdef0123456789".to_owned()),
        ("X-Api-Key", "k".repeat(30)),
        ("Location", "http://u:p4ss-w0rd-77@h/?access_token=tttttttttt&ok=1".to_owned()),
    ];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, &**value)).collect();
    let body = format!("{{\"echo\": \"hunter2-and-more {basic}\", \"s\": \"abcdef0123456789\"}}");
    let (trace, output) = redact(
        trace(vec![exchange(
            "http://h/",
            (&headers, ""),
            (&[("Set-Cookie", "sid=zyxwvu9876; Path=/")], &body),
        )]),
        "p4ss-w0rd-77, not p4ss-w0rd-777",
        &rules(),
    );
    let found = &trace.exchanges[0];
    let expected = [
        ("authorization", "Basic ***"),
        ("Cookie", "a=***; sid=***"),
        ("X-Api-Key", "***"),
        ("Location", "http://u:***@h/?access_token=***&ok=1"),
    ];
    assert_eq!(found.request.headers, fields(&expected));
    let response = found.response.as_ref().unwrap();
    assert_eq!(response.headers, fields(&[("Set-Cookie", "sid=***; Path=/")]));
    assert_eq!(text_of(&response.body), "{\"echo\": \"*** ***\", \"s\": \"***\"}");
    assert_eq!(output, "***, not p4ss-w0rd-777");
}

#[test]
fn forms_and_other_bodies() {
    let form = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
    let one = exchange(
        "http://h/",
        (&form, "user=me&client_secret=a%2Bb-c%20d-7Xq2&x=y"),
        (&[], "the a+b-c d-7Xq2 and a%2Bb-c%20d-7Xq2"),
    );
    let xml = [("Content-Type", "application/xml")];
    let two = exchange("http://h/", (&xml, "<password>other-one</password>"), (&xml, "<a>b</a>"));
    let json = [("Content-Type", "application/json")];
    let three = exchange("http://h/", (&json, "{\"password\": \"cut-of"), (&[], "password = third-one\nok"));
    let (trace, _) = redact(trace(vec![one, two, three]), "", &rules());
    let [one, two, three] = &trace.exchanges[..] else { panic!() };
    let response = |exchange: &Exchange| exchange.response.as_ref().unwrap().body.clone();
    assert_eq!(text_of(&one.request.body), "user=me&client_secret=***&x=y");
    assert_eq!(text_of(&response(one)), "the *** and ***");
    assert_eq!(text_of(&two.request.body), "<password>***</password>");
    assert_eq!(text_of(&response(two)), "<a>b</a>");
    assert_eq!(text_of(&three.request.body), "{\"password\": \"***");
    assert_eq!(text_of(&response(three)), "password = ***\nok");
}

#[test]
fn a_form_in_parts_goes_by_the_names_of_its_fields() {
    let part = |name: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let form = |password: &str, token: &str| {
        let json = format!(
            "--x\r\nContent-Disposition: form-data; name=j\r\nContent-Type: application/json\r\n\r\n{{\"password\": \"{password}\"}}\r\n"
        );
        let token = part("access_token", token);
        format!(
            "{}{}{token}{json}{}--x--\r\n",
            part("user", "bob"),
            part("password", password),
            part("empty", "")
        )
    };
    let (clear, redacted) = (form("hunter22 --x", "s3cr3t-value"), form("***", "***"));
    for kind in ["multipart/form-data; boundary=x", "text/plain", ""] {
        let fields = [("Content-Type", kind)];
        let fields = if kind.is_empty() { &[][..] } else { &fields[..] };
        let told = exchange("http://h/?hunter22", (fields, &clear), (&[], ""));
        let (trace, _) = redact(trace(vec![told]), "", &rules());
        assert_eq!(text_of(&trace.exchanges[0].request.body), redacted, "{kind}");
    }
}

#[test]
fn a_body_is_what_the_source_says_where_no_header_does() {
    let xml = "<login><password>hunter22</password></login>";
    let mut told = exchange("http://h/", (&[], xml), (&[], xml));
    told.request.media_type = Some("application/xml; charset=utf-8".into());
    told.response.as_mut().unwrap().media_type = Some("application/xml".into());
    let (trace, _) = redact(trace(vec![told]), "", &rules());
    let exchange = &trace.exchanges[0];
    let shown = "<login><password>***</password></login>";
    assert_eq!(text_of(&exchange.request.body), shown);
    assert_eq!(text_of(&exchange.response.as_ref().unwrap().body), shown);
}

#[test]
fn a_preference_in_a_cookie_is_no_secret_elsewhere() {
    let cookie = "sessionid=zyxwvutsrqponmlkjihgfedcba987654; services_region=RegionOne; recent_project=9c31f2c6f22c440eb670d8d5a5cc0405";
    let body = r#"{"region": "RegionOne", "session": "zyxwvutsrqponmlkjihgfedcba987654"}"#;
    let url = "http://h/projects/9c31f2c6f22c440eb670d8d5a5cc0405";
    let (trace, _) =
        redact(trace(vec![exchange(url, (&[("Cookie", cookie)], ""), (&[], body))]), "", &rules());
    let exchange = &trace.exchanges[0];
    assert_eq!(&*exchange.request.url, url);
    assert_eq!(
        exchange.request.headers.get("cookie"),
        Some("sessionid=***; services_region=***; recent_project=***")
    );
    assert_eq!(
        text_of(&exchange.response.as_ref().unwrap().body),
        r#"{"region": "RegionOne", "session": "***"}"#
    );
}

#[test]
fn trailers_and_early_answers_hold_secrets_as_headers_do() {
    let field = || [("X-Auth-Token".into(), "t0ken-value-77-of-this-run".into())].into_iter().collect();
    let mut exchange = exchange("http://h/", (&[], ""), (&[], ""));
    exchange.request.trailers = field();
    let response = exchange.response.as_mut().unwrap();
    response.trailers = field();
    response.informational =
        vec![crate::trace::Informational { status: 103, reason: "Early".into(), headers: field() }];
    let notes = vec!["1 request went to http://h/?token=t0ken-value-77-of-this-run".into()];
    let (trace, _) = redact(Trace { notes, ..trace(vec![exchange]) }, "", &rules());
    assert!(!format!("{trace:?}").contains("t0ken-value"), "{trace:?}");
}

#[test]
fn a_reason_for_a_failure_may_hold_a_secret() {
    let mut failed = exchange("http://h/", (&[("X-Auth-Token", "t0ken-value-77")], ""), (&[], ""));
    failed.failure = Some("could not send t0ken-value-77 to https://u:p4ss@h/".into());
    let (trace, _) = redact(trace(vec![failed]), "", &rules());
    assert_eq!(trace.exchanges[0].failure.as_deref(), Some("could not send *** to https://u:***@h/"));
}

#[test]
fn a_body_that_is_not_whole_loses_what_it_may_tell() {
    let binary =
        |head: &[u8]| Body::Binary(Binary { head: head.to_vec(), length: Some(9), sha256: Some("d".into()) });
    let mut one = exchange("http://h/", (&[("X-Auth-Token", "sh0rt-t0ken-77")], ""), (&[], ""));
    let cases: [(&[u8], &[u8]); 5] = [
        (b"QFI\xfb\0\0\0\x03", b"QFI\xfb\0\0\0\x03"),
        (b"{\"images\": [", b"{\"images\": ["),
        (b"{\"password\": \"as", b"{\"password\": \"***"),
        (b"... sh0rt-t0k", b"... ***"),
        (b"\xffsh0rt-t0ken-77", b""),
    ];
    for (head, expected) in cases {
        one.request.body = binary(head);
        let (trace, _) = redact(trace(vec![one.clone()]), "", &rules());
        let stays = head == expected;
        let expected = Binary { head: expected.to_vec(), length: Some(9), sha256: stays.then(|| "d".into()) };
        assert_eq!(trace.exchanges[0].request.body, Body::Binary(expected));
    }
}

#[test]
fn private_keys_and_web_tokens() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----";
    let jwt = format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", "a".repeat(40), "b".repeat(43));
    let body = format!("{{\"note\": {}}}", serde_json::Value::from(format!("{key} {jwt}")));
    let (trace, output) = redact(trace(vec![exchange("http://h/", (&[], &body), (&[], ""))]), key, &rules());
    let text = text_of(&trace.exchanges[0].request.body);
    assert!(
        text.starts_with("{\"note\": \"*** eyJ") && text.contains("(...)") && !text.contains("MIIE"),
        "{text}"
    );
    assert_eq!(output, "***");
}

#[test]
fn debug_output_is_redacted() {
    let output = "REQ: curl -H \"X-Auth-Token: abc-def-123\" http://h/\npassword: 'pw-pw-pw'\n| adminPass | qwertyuiop |\nOS_PASSWORD=zxcvbnm\nVary: X-Auth-Token\n";
    let (_, output) = redact(Trace::default(), output, &rules());
    assert_eq!(
        output,
        "REQ: curl -H \"X-Auth-Token: ***\" http://h/\npassword: '***'\n| adminPass | *** |\nOS_PASSWORD=***\nVary: X-Auth-Token\n"
    );
}

#[test]
fn rules_of_the_user() {
    let spec = RuleSpec {
        headers: vec!["X-Mine".into()],
        keys: vec!["payload".into()],
        pointers: vec!["/list/*/pin".into(), "/a~1b".into()],
        patterns: vec!["card ([0-9]{4})".into(), "ZZ[0-9]+".into()],
        ..RuleSpec::default()
    };
    let rules = Rules::new("en", &spec).unwrap();
    let body = r#"{"payLoad": "mine", "list": [{"pin": 1}, {"pin": "2"}], "pin": 3, "a/b": "c", "t": "card 1234 ZZ9"}"#;
    let one = exchange("http://h/?payload=q", (&[("x-mine", "v")], body), (&[], ""));
    let (trace, _) = redact(trace(vec![one]), "", &rules);
    let request = &trace.exchanges[0].request;
    assert_eq!(&*request.url, "http://h/?payload=***");
    assert_eq!(request.headers, fields(&[("x-mine", "***")]));
    assert_eq!(
        text_of(&request.body),
        r#"{"payLoad": "***", "list": [{"pin": "***"}, {"pin": "***"}], "pin": 3, "a/b": "***", "t": "card *** ***"}"#
    );
    for bad in [
        RuleSpec { patterns: vec!["(".into()], ..RuleSpec::default() },
        RuleSpec { pointers: vec!["a".into()], ..RuleSpec::default() },
    ] {
        assert!(Rules::new("en", &bad).is_err_and(|error| error.help().is_some()));
    }
}

#[test]
fn secrets_in_clear_are_found() {
    let kinds = |text: &str| {
        find_secrets(text).into_iter().map(|finding| text[finding.span].to_owned()).collect::<Vec<_>>()
    };
    for (text, found) in [
        (format!("    X-Auth-Token: {FERNET}\n"), vec![FERNET.to_owned()]),
        ("{\"text\": \"{\\\"password\\\": \\\"asdf\\\"}\"}".to_owned(), vec!["{\\\"password\\\": \\\"asdf\\\"}".to_owned()]),
        ("{\"name\": \"X-Auth-Token\",\n \"value\": \"abc123\"}".to_owned(), vec!["abc123".to_owned()]),
        ("GET http://me:pw1@h/?token=tt1&b=c".to_owned(), vec!["pw1".to_owned(), "tt1".to_owned()]),
        ("export OS_PASSWORD=asdf".to_owned(), vec!["asdf".to_owned()]),
        ("curl -H 'Authorization: Basic bWU6cHc='".to_owned(), vec!["bWU6cHc=".to_owned()]),
        ("X-Auth-Token: gAAAAABjmQ2DBOk_(...생략...)_vl8aIernR\nVary: X-Auth-Token\n".to_owned(), vec![]),
        (
            "\"password\": \"***\", \"password\": \"{password}\", OS_PASSWORD=$PW, <password>".to_owned(),
            vec![],
        ),
        ("| adminPass | pv3x |\n| user | me |\n| password | ***  |\n".to_owned(), vec!["pv3x".to_owned()]),
        (
            r#"{"text": "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter22\r\n--x"}"#.to_owned(),
            vec![r#"--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter22\r\n--x"#.to_owned()],
        ),
        (
            "--x\nContent-Disposition: form-data; name=\"password\"\nA: b\n\n\n--x\nContent-Disposition: form-data; name=\"user\"\n\nme".to_owned(),
            vec![],
        ),
        ("\"methods\": [\"password\"], \"password_expires_at\": \"2026\"".to_owned(), vec![]),
    ] {
        assert_eq!(kinds(&text), found, "{text}");
    }
}

/// A text in some notation with names and values by chance, of which some are secret.
fn any_notation() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        "(password|api_key|X-Auth-Token|user\\[secret\\]|token|client_secret|otp|Cookie|Authorization)",
        "(name|next_page_token|requires_password|id|url|text|type|value|key|data|kind|headers)",
        "[a-z_-]{1,12}",
    ];
    let value = prop_oneof![
        "[A-Za-z0-9]{6,24}",
        "[ -~]{0,24}",
        "(\\{|\\[|\"|'|<|--|gAAAAA|eyJ|ghp_|Bearer |Basic |http://u:)[a-zA-Z0-9=\"&;<>{}:/ -]{0,80}",
        "(password|token)[=: ]{1,2}[a-z0-9]{0,12}",
        ".{0,12}",
    ];
    let pairs = proptest::collection::vec((name, value), 1..6);
    (pairs, 0..10usize, 0..4usize).prop_map(|(pairs, notation, within)| {
        let json = |text: &str| serde_json::Value::from(text).to_string();
        let each = |write: &dyn Fn(&str, &str) -> String, between: &str| {
            pairs.iter().map(|(name, value)| write(name, value)).collect::<Vec<_>>().join(between)
        };
        let text = match notation {
            0 => format!("{{{}}}", each(&|name, value| format!("{}: {}", json(name), json(value)), ", ")),
            1 => format!(
                "[{}]",
                each(&|n, v| format!("{{\"name\": {}, \"value\": {}}}", json(n), json(v)), ",")
            ),
            2 => each(&|name, value| format!("{name}={}", scan::percent_encoded(value)), "&"),
            3 => format!("<a>{}</a>", each(&|name, value| format!("<{name}>{value}</{name}>"), "\n")),
            4 => format!("<a {}/>", each(&|name, value| format!("{name}=\"{value}\""), " ")),
            5 => each(&|name, value| format!("{name}: {value}"), "\n"),
            6 => each(&|name, value| format!("{name}='{value}'"), " "),
            7 => each(&|name, value| format!("| {name} | {value} |"), "\n"),
            8 => each(&|name, value| format!("--{name} {value}"), " "),
            _ => each(&|name, value| format!("{name} {value}"), "\n"),
        };
        match within {
            0 => json(&text),
            1 => base64::engine::general_purpose::STANDARD.encode(&text),
            2 => format!("http://h/?q={}", scan::percent_encoded(&text)),
            _ => text,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// What is redacted stays as it is, and `check` finds nothing in it, be it in a trace or an output.
    #[test]
    fn what_is_redacted_is_so_for_check_and_for_good(body in any_notation(), said in any_notation(), field in any_notation()) {
        let one = exchange("http://h/", (&[("X-Any", &field)], &body), (&[], &said));
        let rules = rules();
        let (once, shown) = redact(trace(vec![one]), &said, &rules);
        let har = crate::source::har::write::write(&once);
        prop_assert_eq!(find_secrets(&har), vec![], "{}", har);
        prop_assert_eq!(find_secrets(&shown), vec![], "{}", shown);
        let (twice, shown_twice) = redact(once.clone(), &shown, &rules);
        prop_assert_eq!(&twice, &once);
        prop_assert_eq!(shown_twice, shown);
    }
}

proptest! {
    /// Whatever the secrets: they are gone from all that is published, and nothing is found there.
    #[test]
    fn no_secret_is_left(
        token in "[A-Za-z0-9_-]{20,200}",
        password in "[a-zA-Z0-9!@#$%^&*\"'\\\\ /+=é가-힣]{8,20}[0-9][a-z]",
        key in "[A-Za-z0-9]{16,40}",
    ) {
        let password = password.trim();
        prop_assume!([password, &*token, &*key].into_iter().all(strength::is_strong));
        let json = |value: &str| serde_json::Value::from(value).to_string();
        let body = format!("{{\"user\": {{\"password\": {}}}, \"copy\": {}}}", json(password), json(&format!("<{password}>")));
        let url = format!("http://h/a/{key}?api_key={key}&p={}", scan::percent_encoded(password));
        let one = exchange(&url, (&[("X-Auth-Token", &token)], &body), (&[("X-Other", &token)], &format!("[{}]", json(&token))));
        let output = format!("token {token}\npassword is {password}\nkey {key}\n");
        let rules = rules();
        let (once, shown) = redact(trace(vec![one]), &output, &rules);
        let all = format!("{once:?}{shown}");
        prop_assert!(!all.contains(&token), "{all}");
        prop_assert!(!all.contains(password), "{all}");
        prop_assert!(!all.contains(&key), "{all}");
        prop_assert_eq!(find_secrets(&shown), vec![]);
        prop_assert_eq!(find_secrets(text_of(&once.exchanges[0].request.body)), vec![]);
        prop_assert!(serde_json::from_str::<serde_json::Value>(text_of(&once.exchanges[0].request.body)).is_ok());
        let (twice, shown_twice) = redact(once.clone(), &shown, &rules);
        prop_assert_eq!(&twice, &once);
        prop_assert_eq!(shown_twice, shown);
    }

    #[test]
    fn any_text_can_be_redacted(text in ".{0,200}", media in "(application/json|text/html|)") {
        let one = exchange(&text, (&[("Content-Type", &media), ("A", &text)], &text), (&[], &text));
        redact(trace(vec![one]), &text, &rules());
        find_secrets(&text);
    }
}

const HORSE: &str = "correct-horse-battery";

/// What an exchange that gives away `secret` as a password, and says `said` besides, says after all.
fn said(secret: &str, said: &str) -> String {
    let body = serde_json::json!({"password": secret}).to_string();
    redact(trace(vec![exchange("http://h/", (&[], &body), (&[], ""))]), said, &rules()).1
}

#[test]
fn a_reason_phrase_may_hold_a_secret() {
    let mut one = exchange("http://h/", (&[], "{\"password\": \"correct-horse-battery\"}"), (&[], ""));
    one.response.as_mut().unwrap().reason = format!("No {HORSE} here").into();
    let (trace, _) = redact(trace(vec![one]), "", &rules());
    assert_eq!(&*trace.exchanges[0].response.as_ref().unwrap().reason, "No *** here");
}

#[test]
fn a_secret_is_found_in_other_forms() {
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    for before in ["", "a", "ab", "maria:"] {
        let encoded = base64(&format!("{before}{HORSE}, and more"));
        let shown = said(HORSE, &format!("sent {encoded} to it"));
        assert!(shown.contains("***") && !shown.contains(&encoded), "{shown}");
        let rest = shown.replace("sent ", "").replace(" to it", "");
        assert!(!rest.contains(&base64(HORSE)[4..20]), "{shown}");
    }
    assert_eq!(said("as\"df-\\gh7", "it said \"as\\\"df-\\\\gh7\" then"), "it said \"***\" then");
    assert_eq!(said("a b/c&d-e7Q", "x=a%20b%2Fc%26d-e7Q; y=a+b%2Fc%26d-e7Q."), "x=***; y=***.");
}

#[test]
fn a_word_of_everyday_is_no_secret_wherever_else_it_is() {
    for word in ["password", "Admin", "none", "x1", "----"] {
        let text = format!("the {word} is as ever");
        assert_eq!(said(word, &text), text);
    }
    assert_eq!(said("p4ss-w0rds-7", "the p4ss-w0rds-7 are gone"), "the *** are gone");
}

#[test]
fn a_token_that_is_a_password_too_looks_the_same_wherever_nobody_says_which() {
    let body = format!("{{\"password\": \"{FERNET}\"}}");
    let one = exchange("http://h/", (&[("X-Auth-Token", FERNET)], &body), (&[], ""));
    let (trace, output) = redact(trace(vec![one]), FERNET, &rules());
    let stand_in = rules().stand_in(Class::Token, FERNET);
    let request = &trace.exchanges[0].request;
    assert_eq!(request.headers.get("X-Auth-Token").unwrap(), &*stand_in);
    assert_eq!(text_of(&request.body), "{\"password\": \"***\"}");
    assert_eq!(output, stand_in);
}

#[test]
fn what_is_known_as_a_secret_shows_no_end_where_a_token_would() {
    let rules = rules();
    let mut learner = Learner::new(&rules);
    learner.value("A", FERNET);
    let redactor = learner.done();
    let shown = redactor
        .exchange(exchange("http://h/", (&[("X-Auth-Token", FERNET)], ""), (&[], "")), &mut Tally::default());
    assert_eq!(shown.request.headers.get("X-Auth-Token").unwrap(), "***");
}

#[test]
fn attributes_of_a_cookie_are_no_secrets() {
    let cookie = "sid=ab1cd2ef3gh4-01; Path=/some/long-path; Domain=www.example.org";
    let one = exchange("http://h/", (&[], ""), (&[("Set-Cookie", cookie)], ""));
    let text = "/some/long-path of www.example.org";
    let (_, output) = redact(trace(vec![one]), &format!("{text}: ab1cd2ef3gh4-01"), &rules());
    assert_eq!(output, format!("{text}: ***"));
    let one =
        exchange("http://h/", (&[("Cookie", "sid=ab1cd2ef3gh4-01; session=ij1kl2mn3op4-45")], ""), (&[], ""));
    let (_, output) = redact(trace(vec![one]), "ab1cd2ef3gh4-01 ij1kl2mn3op4-45", &rules());
    assert_eq!(output, "*** ***");
}

#[test]
fn a_fragment_stays_and_is_looked_into() {
    let url = |url: &str| {
        let one = exchange(url, (&[], ""), (&[], ""));
        redact(trace(vec![one]), "", &rules()).0.exchanges[0].request.url.to_string()
    };
    assert_eq!(url("http://h/x?a=1#part-2"), "http://h/x?a=1#part-2");
    assert_eq!(url("http://h/x?a=1#access_token=abcd-1234&b=2"), "http://h/x?a=1#access_token=***&b=2");
}

/// What an exchange with this URL and fields of its response says in its bodies after all.
fn bodies(url: &str, fields_of: &[(&str, &str)], request: &str, response: &str) -> (String, String) {
    let one = exchange(url, (&[], request), (fields_of, response));
    let (trace, _) = redact(trace(vec![one]), "", &rules());
    let exchange = &trace.exchanges[0];
    let text = |body: &Body| if let Body::Text(text) = body { text.to_string() } else { String::new() };
    (text(&exchange.request.body), text(&exchange.response.as_ref().unwrap().body))
}

#[test]
fn a_name_is_secret_under_its_api_alone() {
    let payload = r#"{"name": "n", "payload": "my-words"}"#;
    let (request, _) = bodies("http://h:9311/v1/secrets", &[], payload, "");
    assert_eq!(request, r#"{"name": "n", "payload": "***"}"#);
    let (request, _) = bodies("http://h/hooks", &[], payload, "");
    assert_eq!(request, payload);
    let (_, response) = bodies("http://h:9311/v1/secrets/77/payload", &[], "", "my words\n");
    assert_eq!(response, "***");
    let vault = r#"{"data": {"data": {"a": "my-words"}, "metadata": {"version": 2}}}"#;
    let (_, response) = bodies("http://h:8200/v1/kv/data/x", &[("X-Vault-Index", "1")], "", vault);
    assert_eq!(response, r#"{"data": {"data": {"a": "***"}, "metadata": {"version": 2}}}"#);
    let (_, response) = bodies("http://h/v1/kv/data/x", &[], "", vault);
    assert_eq!(response, vault);
}

#[test]
fn hostile_texts_take_time_in_proportion() {
    let parts = [
        "{\"a\":",
        "[",
        "{",
        "\"",
        "<a ",
        "<a>",
        "</a>",
        "<!--",
        "<![CDATA[",
        "<script>",
        "--x\n",
        "--x\r\ncontent-disposition: form-data; name=a\r\n",
        "password=",
        "password: ",
        "token=(...)",
        "'password': '",
        "\\\"password\\\": \\\"",
        "|a|\n",
        "+-+\n| password |\n",
        "http://",
        "http://u:p@",
        "?a=b&",
        "%3D",
        "sk-",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----",
        "curl -u a:",
        "curl \n",
        "$ a\n",
        "data: {\"\n",
        "password:\n  ",
        "password: |\n ",
        "- name: token\n",
        "Authorization: a=\"",
        "Cookie: a=b;",
        "&amp;",
        "--password ",
        "login a password ",
        "AKIA",
        "ZGF0YTog",
        "\\",
        "\u{e9}=",
        "a: &",
    ];
    for part in parts {
        for end in ["", "}", "\"", "x"] {
            let text = part.repeat((200 << 10) / part.len()) + end;
            let begun = std::time::Instant::now();
            let memory = names::Memory::default();
            Scan::new(&rules(), None, &memory).body(&text, "");
            let took = begun.elapsed();
            // A quadratic way takes minutes.
            assert!(took < std::time::Duration::from_secs(20), "{part:?} {end:?} {took:?}");
        }
    }
}

#[test]
fn a_profile_and_settings_add_names_and_take_some_away() {
    let profile = "name = 'x'\n[redact]\nkeys = ['badge']\nexcept = ['vm_token']\n\
        [[redact.under]]\npath = '/boxes/*'\nkeys = ['content']\n";
    let profile = Profile::from_toml("x.toml".as_ref(), profile).unwrap();
    let mut settings = Settings { locale: "en".into(), ..Settings::default() };
    settings.redact.keys.push("crew-name".into());
    settings.redact.except.push("Pass Phrase".into());
    let rules = Rules::of(&settings, Some(&profile)).unwrap();
    let body = r#"{"badge": "b", "vmToken": "v", "crewName": "c", "pass_phrase": "p", "content": "d"}"#;
    let one = |url: &str| redact(trace(vec![exchange(url, (&[], body), (&[], ""))]), "", &rules).0;
    let shown = |url: &str| text_of(&one(url).exchanges[0].request.body).to_owned();
    let expected =
        r#"{"badge": "***", "vmToken": "v", "crewName": "***", "pass_phrase": "p", "content": "d"}"#;
    assert_eq!(shown("http://h/x"), expected);
    assert_eq!(shown("http://h/boxes/7"), expected.replace("\"d\"", "\"***\""));
    // The profile that ships knows Barbican's orders.
    let openstack = Profile::embedded("openstack").unwrap();
    assert!(openstack.secrets().under.iter().any(|under| under.keys.iter().any(|key| key == "payload")));
}
