//! What templates may ask for, described where it is made.
//!
//! [`fields!`] gives an object of templates its fields and [`record!`] makes a value of some; neither takes a
//! field without a description, and from these [`super::reference`] writes the page of the manual. What this
//! leaves out: the descriptions themselves, which stand beside what they describe.

/// An object that templates get.
#[derive(Debug)]
pub(super) struct Described {
    /// What other descriptions call it.
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) fields: &'static [Field],
}

/// A name that templates may use: a field of an object, or a variable.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    /// What it is: `text`, `number`, `yes or no`, `block`, an object's name, `list of …`, `… or none`.
    pub(super) kind: &'static str,
    pub(super) about: &'static str,
}

/// The fields of an object, each with its description, its name, its kind and its value: their list is
/// `DESCRIBED`, and `field` gives the value of one, for `Object::get_value_by_str`.
macro_rules! fields {
    (
        $(#[doc = $about:literal])+
        $name:literal of $object:ident as $pattern:pat,
        $($(#[doc = $field_about:literal])+ $field:literal: $kind:literal = $value:expr;)+
    ) => {
        impl $object {
            $(#[doc = $about])+
            pub(super) const DESCRIBED: $crate::render::fields::Described = $crate::render::fields::Described {
                name: $name,
                about: concat!($($about),+),
                fields: &[$($crate::render::fields::Field {
                    name: $field,
                    kind: $kind,
                    about: concat!($($field_about),+),
                },)+],
            };

            /// The value of a field; nothing where there is none of this name.
            fn field(self: &std::sync::Arc<Self>, key: &str) -> Option<minijinja::Value> {
                let $pattern = &**self;
                match key {
                    $($field => $value,)+
                    _ => None,
                }
            }
        }
    };
}

/// A function that makes a value with some fields, each with its description, its name, its kind and its
/// value, and the constant that describes it.
macro_rules! record {
    (
        $(#[doc = $about:literal])+
        $constant:ident $name:literal of fn $function:ident($($argument:ident: $type:ty),*);
        $($(#[doc = $field_about:literal])+ $field:ident: $kind:literal = $value:expr;)+
    ) => {
        $(#[doc = $about])+
        pub(super) const $constant: $crate::render::fields::Described = $crate::render::fields::Described {
            name: $name,
            about: concat!($($about),+),
            fields: &[$($crate::render::fields::Field {
                name: stringify!($field),
                kind: $kind,
                about: concat!($($field_about),+),
            },)+],
        };

        $(#[doc = $about])+
        fn $function($($argument: $type),*) -> minijinja::Value {
            minijinja::context! { $($field => $value,)+ }
        }
    };
}

pub(super) use {fields, record};
