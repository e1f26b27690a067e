//! Objects whose fields are all known by name. A name that no field has is a mistake, and so is a
//! field that is there twice; neither keeps a reader from finding what else is wrong.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::mistake::{Mistakes, Problem, Trail, quoted};

/// Of each object so many are told; a file has many objects.
const STRANGE_FIELDS_MAX: usize = 4;

/// The fields of one object that do not belong there; nearly always none, and then as small as
/// can be, for a chart has a million objects.
#[derive(Debug, Default)]
pub(crate) struct StrangeFields(Option<Box<Told>>);

type Told = Vec<Problem>;

impl StrangeFields {
    /// A name that no field has.
    pub(crate) fn unknown(&mut self, name: &str, known: &'static [&'static str]) {
        self.add(|| Problem::UnknownField { field: quoted(name), known });
    }

    /// A field that was there before.
    pub(crate) fn repeated(&mut self, name: &str) {
        self.add(|| Problem::RepeatedField { field: quoted(name) });
    }

    fn add(&mut self, problem: impl FnOnce() -> Problem) {
        let told = self.0.get_or_insert_default();
        if told.len() < STRANGE_FIELDS_MAX {
            told.push(problem());
        }
    }

    /// Writes them down.
    pub(crate) fn tell(&self, trail: &Trail<'_>, mistakes: &mut Mistakes) {
        for problem in self.0.iter().flat_map(|told| told.iter()) {
            mistakes.add(trail, problem.clone());
        }
    }
}

/// A field's name, not copied unless it is written with escapes.
pub(crate) struct Name<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(name)))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }
}

/// Declares structures of [`Value`](crate::lenient::Value)s that are read from objects and from
/// nothing else. Each has a field `strange` besides.
macro_rules! objects {
    ($($(#[$doc:meta])* $object:ident {
        $($field:ident $name:literal: $content:ty),+ $(,)?
    })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub(crate) struct $object {
            $($field: $crate::lenient::Value<$content>,)+
            strange: $crate::fields::StrangeFields,
        }

        impl $crate::lenient::Shape for $object {
            const EXPECTED: &'static str = "an object";

            fn from_object<'de, A: serde::de::MapAccess<'de>>(
                mut object: A,
            ) -> Result<Option<Self>, A::Error> {
                const KNOWN: &[&str] = &[$($name),+];
                $(let mut $field = None;)+
                let mut strange = $crate::fields::StrangeFields::default();
                while let Some($crate::fields::Name(name)) = object.next_key()? {
                    match &*name {
                        $($name if $field.is_none() => $field = Some(object.next_value()?),)+
                        name => {
                            if KNOWN.contains(&name) {
                                strange.repeated(name);
                            } else {
                                strange.unknown(name, KNOWN);
                            }
                            object.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Some(Self { $($field: $field.unwrap_or_default(),)+ strange }))
            }
        }
    )+};
}
pub(crate) use objects;
