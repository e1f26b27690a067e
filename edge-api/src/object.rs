//! JSON as callers mean it: an object where an object belongs, a list where a list does. A derived
//! reader alone would take a list of an object's values in the order of our fields, which is no
//! part of the interface, and would name our types in its errors.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::values::Label;

/// An object, read by its fields' names.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

/// A list of things of one kind.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

/// What lists are made of.
pub(crate) trait Listed {
    /// What a list of them is called, for who sends something else.
    const LIST: &'static str;
}

impl Listed for Label {
    const LIST: &'static str = "a list of labels";
}

impl<T: Listed> Listed for Object<T> {
    const LIST: &'static str = T::LIST;
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
    }
}

impl<'de, T: Deserialize<'de> + Listed> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Listed> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::LIST)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(List(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        first: u8,
        second: Option<u8>,
    }

    fn error(json: &str) -> String {
        serde_json::from_str::<Object<Pair>>(json).unwrap_err().to_string()
    }

    #[test]
    fn an_object_is_read_by_its_names_only() {
        let Object(pair) = serde_json::from_str::<Object<Pair>>(r#"{"first":1}"#).unwrap();
        assert_eq!((pair.first, pair.second), (1, None));
        for bad in ["[1,2]", "null", "5", "\"x\""] {
            let error = error(bad);
            assert!(error.contains("expected an object") && !error.contains("Pair"), "{error}");
        }
        assert!(error(r#"{"first":1,"third":3}"#).contains("unknown field `third`"));
        assert!(error(r#"{"first":1,"first":2}"#).contains("duplicate field `first`"));
        assert!(error("{}").contains("missing field `first`"));
    }

    #[test]
    fn a_list_of_labels_is_a_list() {
        let List(labels): List<Label> = serde_json::from_str(r#"["A-1", 2]"#).unwrap();
        assert_eq!(labels, [Label("A-1".into()), Label("2".into())]);
        let error = serde_json::from_str::<List<Label>>("\"A-1\"").unwrap_err().to_string();
        assert!(error.contains("expected a list of labels"), "{error}");
    }
}
