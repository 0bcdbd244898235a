//! Records a command and prints what it did on the wire, one line an exchange.
//!
//!     cargo run --example record -- openstack image list
//!     cargo run --example record -- --proxy        (listens until standard input ends)
//!
//! For benches and tests of the capture client alone; `docgen capture` is for people.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::io::Read;
use std::process::ExitCode;

use docgen::capture::{CommandSpec, Options, Proxy, ProxyOptions, UpstreamProxy, record};
use docgen::redact::{RuleSpec, Rules};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let env: Vec<_> = std::env::vars_os().collect();
    let proxy = ProxyOptions {
        upstream: UpstreamProxy::of(&env),
        temp_dir: std::env::temp_dir(),
        ..ProxyOptions::default()
    };
    if words == ["--proxy"] {
        return serve(proxy);
    }
    let rules = Rules::new("ko", &RuleSpec::default()).expect("there is no rule that could be wrong");
    let options = Options {
        proxy,
        redaction: Some(rules),
        from: None,
        allow_broken: false,
        watch: true,
        keeper: Vec::new(),
    };
    match record(&CommandSpec::new(words, env), &options, &mut |_| {}) {
        Ok(recording) => {
            let mut print = |exchange: docgen::trace::Exchange| {
                let status = exchange.response.as_ref().map_or(0, |response| response.status);
                println!("{} {} {status}", exchange.request.method, exchange.request.url);
                if std::env::var_os("VERBOSE").is_some() {
                    println!("{exchange:#?}");
                }
                Ok(())
            };
            recording.exchanges.for_each(&mut print).expect("the temporary file is there");
            print!("{}", recording.output);
            eprintln!("{:?} {:?}", recording.notes, recording.elapsed);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{}", failure.output);
            for error in failure.errors.iter().chain(&failure.notes) {
                eprintln!("{error}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Prints the proxy's URL and the file of its certificates; at the end how much was recorded.
fn serve(options: ProxyOptions) -> ExitCode {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let proxy = Proxy::start(&options).await.expect("the proxy starts");
        let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
        std::io::Write::write_all(&mut file, proxy.trusted().as_bytes()).expect("the disk is not full");
        println!("{} {}", proxy.url(), file.path().display());
        let wait = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        let _ = wait.await;
        match proxy.finish().await {
            Ok((spooled, notes)) => println!("{} {notes:?}", spooled.len()),
            Err(error) => println!("{error}"),
        }
    });
    ExitCode::SUCCESS
}
