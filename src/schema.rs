//! The JSON schemas of the files that people write: settings, reports, profiles.
//!
//! They are made from the very types that read these files, so that an editor completes and checks what docgen
//! takes (taplo, the TOML server of most editors, reads them), and from their documentation. What this leaves
//! out: rules that one key has for another (`row` only beside `from = "output"`), which docgen tells with its
//! place.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{Schema, SchemaGenerator};
use serde_json::Value;

use crate::profile::Profile;
use crate::settings::{self, index_toml, report_toml};

/// A kind of file that people write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOf {
    /// `docgen.toml`
    Docgen,
    /// `capture.toml`
    Capture,
    /// `report.toml`
    Report,
    /// `index.toml`
    Index,
    /// A profile
    Profile,
}

impl SchemaOf {
    /// All of them.
    pub const ALL: [SchemaOf; 5] =
        [SchemaOf::Docgen, SchemaOf::Capture, SchemaOf::Report, SchemaOf::Index, SchemaOf::Profile];

    /// The kind's name, as a user types it.
    pub fn name(self) -> &'static str {
        match self {
            SchemaOf::Docgen => "docgen",
            SchemaOf::Capture => "capture",
            SchemaOf::Report => "report",
            SchemaOf::Index => "index",
            SchemaOf::Profile => "profile",
        }
    }

    /// The schema, JSON Schema draft 7, which is what taplo knows: indented, with a newline at its end.
    pub fn text(self) -> String {
        // A schema has no key that is no text.
        let text = serde_json::to_string_pretty(&self.schema()).unwrap_or_default();
        text + "\n"
    }

    /// The schema as a value.
    pub(crate) fn json(self) -> Value {
        self.schema().to_value()
    }

    fn schema(self) -> Schema {
        let settings = SchemaSettings::draft07().with_transform(WithoutNull);
        let generator = &mut SchemaGenerator::new(settings);
        let (title, mut schema) = match self {
            SchemaOf::Docgen => ("docgen.toml", settings::schema(generator, true)),
            SchemaOf::Capture => ("capture.toml", settings::schema(generator, false)),
            SchemaOf::Report => ("report.toml", report_toml::schema(generator)),
            SchemaOf::Index => ("index.toml", index_toml::schema(generator)),
            SchemaOf::Profile => ("a profile of docgen", Profile::schema(generator)),
        };
        schema.insert("title".to_owned(), title.into());
        schema
    }
}

/// Takes out what says that a value may be null: TOML has none.
#[derive(Clone, Debug)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|name| name != "null");
            if let [one] = &types[..] {
                let one = one.clone();
                object.insert("type".to_owned(), one);
            }
        }
        let is_null = |schema: &Value| schema["type"] == "null";
        if let Some(Value::Array(all)) = object.get_mut("anyOf")
            && all.iter().any(is_null)
        {
            all.retain(|schema| !is_null(schema));
            if let [one] = &all[..] {
                let one = serde_json::json!([one]);
                object.remove("anyOf");
                object.insert("allOf".to_owned(), one);
            }
        }
        if object.get("default") == Some(&Value::Null) {
            object.remove("default");
        }
    }
}
