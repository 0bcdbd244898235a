//! The JSON schemas say what docgen says: of the project's own files, of the cases', and of each with a slip in it.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use docgen::Result;
use docgen::profile::Profile;
use docgen::schema::SchemaOf;
use docgen::settings::Layer;
use docgen::settings::index_toml::IndexToml;
use docgen::settings::report_toml::ReportToml;
use jsonschema::Validator;

use support::{own, shared};

/// Every file that has a schema, below the folders that hold any.
fn files() -> Vec<(SchemaOf, PathBuf)> {
    let folders = ["captures", "tests/cases", "tests/cmd", "tests/fixtures", "tests/first-steps", "profiles"];
    let folders = folders.map(own).into_iter().chain(shared("."));
    let entries = folders.flat_map(|folder| {
        walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok)
    });
    entries
        .filter_map(|entry| {
            let of = match entry.file_name().to_str()? {
                "docgen.toml" => SchemaOf::Docgen,
                "capture.toml" => SchemaOf::Capture,
                "report.toml" => SchemaOf::Report,
                "index.toml" => SchemaOf::Index,
                "openstack.toml" => SchemaOf::Profile,
                _ => return None,
            };
            entry.file_type().is_file().then(|| (of, entry.into_path()))
        })
        .collect()
}

fn validator(of: SchemaOf) -> Validator {
    let schema: serde_json::Value = serde_json::from_str(&of.text()).unwrap();
    assert!(jsonschema::meta::is_valid(&schema), "{}", of.name());
    jsonschema::validator_for(&schema).unwrap()
}

/// What docgen says.
fn read(of: SchemaOf, file: &Path, text: &str) -> Result<()> {
    match of {
        SchemaOf::Docgen | SchemaOf::Capture => Layer::parse(file, text).map(drop),
        SchemaOf::Report => ReportToml::parse(file, text).map(drop),
        SchemaOf::Index => IndexToml::parse(file, text).map(drop),
        SchemaOf::Profile => Profile::from_toml(file, text).map(drop),
    }
}

/// Whether the schema takes a text; `None` where it is no TOML.
fn takes(validator: &Validator, text: &str) -> Option<bool> {
    let table: toml::Table = toml::from_str(text).ok()?;
    Some(validator.is_valid(&serde_json::to_value(table).unwrap()))
}

/// Holds what docgen says to what the schema says; whether both refuse the text.
#[track_caller]
fn agree(of: SchemaOf, validator: &Validator, file: &Path, text: &str) -> bool {
    let Some(is_valid) = takes(validator, text) else { return false };
    match read(of, file, text) {
        Ok(()) => assert!(is_valid, "{}: docgen takes it, the schema does not:\n{text}", file.display()),
        Err(error) => {
            let is_of_a_key =
                error.message().starts_with("there is no key") || error.message().contains("invalid type");
            assert!(
                !is_of_a_key || !is_valid,
                "{}: the schema takes it, docgen does not: {error}",
                file.display()
            );
        }
    }
    !is_valid
}

/// The text with each of its values once replaced by one of another type, and each of its keys once misspelt.
fn slips(table: &toml::Table) -> Vec<toml::Table> {
    let mut slips = Vec::new();
    for (key, value) in table {
        let mut misspelt = table.clone();
        misspelt.remove(key);
        misspelt.insert(format!("{key}s_"), value.clone());
        let mut other = table.clone();
        other.insert(key.clone(), toml::Value::Float(0.5));
        slips.extend([misspelt, other]);
        let mut put = |value: toml::Value| {
            let mut slip = table.clone();
            slip.insert(key.clone(), value);
            slips.push(slip);
        };
        match value {
            toml::Value::Table(inner) => self::slips(inner).into_iter().for_each(|slip| put(slip.into())),
            // One of a list is enough: the others are alike.
            toml::Value::Array(all) => {
                if let Some(toml::Value::Table(inner)) = all.first() {
                    self::slips(inner).into_iter().for_each(|slip| put(vec![toml::Value::from(slip)].into()));
                }
            }
            _ => {}
        }
    }
    slips
}

/// A table as TOML, each of its entries on a line.
fn text_of(table: &toml::Table) -> String {
    fn inline(value: &toml::Value) -> String {
        let entries = |table: &toml::Table| -> Vec<String> {
            table.iter().map(|(key, value)| format!("{key:?} = {}", inline(value))).collect()
        };
        match value {
            toml::Value::String(text) => serde_json::to_string(text).unwrap(),
            toml::Value::Table(inner) => format!("{{ {} }}", entries(inner).join(", ")),
            toml::Value::Array(all) => format!("[{}]", all.iter().map(inline).collect::<Vec<_>>().join(", ")),
            toml::Value::Float(number) => format!("{number:?}"),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(is) => is.to_string(),
            toml::Value::Datetime(_) => unreachable!("no setting is a date"),
        }
    }
    table.iter().map(|(key, value)| format!("{key:?} = {}\n", inline(value))).collect()
}

#[test]
fn the_schemas_take_what_docgen_takes_and_no_misspelt_key() {
    let validators = SchemaOf::ALL.map(|of| (of, validator(of)));
    let of = |kind| &validators.iter().find(|(of, _)| *of == kind).unwrap().1;
    let (mut read, mut refused) = ([0; 5], 0);
    for (kind, file) in files() {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        agree(kind, of(kind), &file, &text);
        read[SchemaOf::ALL.iter().position(|of| *of == kind).unwrap()] += 1;
        // A profile is read slowly for what it is: its slips are below.
        let Ok(table) = toml::from_str::<toml::Table>(&text) else { continue };
        if kind != SchemaOf::Profile {
            for slip in slips(&table) {
                refused += usize::from(agree(kind, of(kind), &file, &text_of(&slip)));
            }
        }
    }
    println!("{read:?} files of {:?}, {refused} slips refused by both", SchemaOf::ALL);
    assert!(
        read[..2].iter().all(|count| *count >= 5) && read[2..].iter().all(|count| *count >= 1),
        "{read:?}"
    );
    assert!(refused > 300, "{refused}");
}

#[test]
fn a_slip_in_a_profile_is_marked() {
    let validator = validator(SchemaOf::Profile);
    let text = "name = 'x'\nlocales = ['en']\n[[participant]]\nid = 'a'\nclient = true\n[[api]]\nname = 'x'\n\
                participants = ['a']\nreference = 'http://h/'\nroutes = ['GET /a a']\n[[step]]\nroute = 'x a'\n\
                request = { en = 'do it' }\n[[noise]]\nmethod = 'GET'\n[redact]\nkeys = ['k']\n[phrases.en]\na = 'b'\n";
    let file = Path::new("x.toml");
    assert!(read(SchemaOf::Profile, file, text).is_ok() && takes(&validator, text) == Some(true));
    let slips = slips(&toml::from_str(text).unwrap());
    let refused = slips.iter().filter(|slip| agree(SchemaOf::Profile, &validator, file, &text_of(slip)));
    assert!(refused.count() > 30);
}

#[test]
fn every_key_says_what_it_is_for() {
    fn undescribed(at: &str, schema: &serde_json::Value, found: &mut Vec<String>) {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if !property["description"].is_string() {
                found.push(format!("{at}{name}"));
            }
        }
        for (name, definition) in schema["definitions"].as_object().into_iter().flatten() {
            undescribed(&format!("{name}."), definition, found);
        }
    }
    for of in SchemaOf::ALL {
        let mut found = Vec::new();
        undescribed("", &serde_json::from_str(&of.text()).unwrap(), &mut found);
        assert!(found.is_empty(), "{}: {found:?}", of.name());
    }
}
