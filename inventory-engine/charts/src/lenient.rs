//! Values as they are found, right or wrong. A plain deserializer stops at the first number that
//! stands where a text belongs; [`Value`] keeps what kind of thing stood there, so that a reader
//! can list every mistake of a file. Memory stays in proportion: what is wrong is dropped while
//! it is read, and only objects become elements of a [`List`].

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::mistake::{Mistakes, Problem, Trail};

/// What stands where a `T` belongs. A `null` is as good as nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Value<T> {
    #[default]
    Missing,
    Good(T),
    Bad(Kind),
}

/// The kinds of JSON values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Object,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// What a value may be made from; all else is a mistake.
pub(crate) trait Shape: Sized {
    /// What belongs there, in words.
    const EXPECTED: &'static str;

    fn from_bool(_: bool) -> Option<Self> {
        None
    }

    fn from_integer(number: i128) -> Option<Self> {
        Self::from_number(number as f64)
    }

    fn from_number(_: f64) -> Option<Self> {
        None
    }

    fn from_text(_: &str) -> Option<Self> {
        None
    }

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<T: Shape> Value<T> {
    /// The value if it is there; a value of the wrong kind is written down.
    pub(crate) fn get(
        &self,
        trail: &Trail<'_>,
        field: &'static str,
        mistakes: &mut Mistakes,
    ) -> Option<&T> {
        match self {
            Self::Missing => None,
            Self::Good(value) => Some(value),
            Self::Bad(kind) => {
                let found = kind.name();
                mistakes.add(trail, Problem::WrongKind { field, expected: T::EXPECTED, found });
                None
            }
        }
    }

    /// The value; one that is not there is written down, too.
    pub(crate) fn require(
        &self,
        trail: &Trail<'_>,
        field: &'static str,
        mistakes: &mut Mistakes,
    ) -> Option<&T> {
        if matches!(self, Self::Missing) {
            mistakes.add(trail, Problem::Missing { field });
        }
        self.get(trail, field, mistakes)
    }

    /// The value, where it is there and good; says nothing where it is not.
    pub(crate) fn peek(&self) -> Option<&T> {
        if let Self::Good(value) = self { Some(value) } else { None }
    }
}

impl<'de, T: Shape> Deserialize<'de> for Value<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor(PhantomData))
    }
}

struct ValueVisitor<T>(PhantomData<T>);

fn good_or<T>(value: Option<T>, kind: Kind) -> Value<T> {
    value.map_or(Value::Bad(kind), Value::Good)
}

impl<'de, T: Shape> Visitor<'de> for ValueVisitor<T> {
    type Value = Value<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value<T>, E> {
        Ok(Value::Missing)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value<T>, E> {
        Ok(good_or(T::from_bool(value), Kind::Boolean))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value<T>, E> {
        Ok(good_or(T::from_integer(value.into()), Kind::Number))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value<T>, E> {
        Ok(good_or(T::from_integer(value.into()), Kind::Number))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value<T>, E> {
        Ok(good_or(T::from_number(value), Kind::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value<T>, E> {
        Ok(good_or(T::from_text(value), Kind::Text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Value<T>, A::Error> {
        Ok(good_or(T::from_list(list)?, Kind::List))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Value<T>, A::Error> {
        Ok(good_or(T::from_object(object)?, Kind::Object))
    }
}

impl Shape for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl Shape for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_number(number: f64) -> Option<Self> {
        Some(number)
    }
}

impl Shape for String {
    const EXPECTED: &'static str = "a text";

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// A label or a key: a text, or a whole number that is taken as one.
#[derive(Clone, Debug)]
pub(crate) struct Label(pub(crate) String);

impl Shape for Label {
    const EXPECTED: &'static str = "a text or a whole number";

    fn from_integer(number: i128) -> Option<Self> {
        Some(Self(number.to_string()))
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self(text.trim().to_owned()))
    }
}

/// The objects of a list, each with its position, and what else was in it.
#[derive(Clone, Debug)]
pub(crate) struct List<T> {
    items: Vec<(usize, T)>,
    first_bad: Option<(usize, Kind)>,
    bad_count: usize,
}

impl<T: Shape> Shape for List<T> {
    const EXPECTED: &'static str = "a list";

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut found = Self { items: Vec::new(), first_bad: None, bad_count: 0 };
        let mut index = 0;
        while let Some(element) = list.next_element::<Value<T>>()? {
            let bad = match element {
                Value::Good(item) => {
                    found.items.push((index, item));
                    None
                }
                Value::Missing => Some(Kind::Null),
                Value::Bad(kind) => Some(kind),
            };
            if let Some(kind) = bad {
                found.first_bad.get_or_insert((index, kind));
                found.bad_count += 1;
            }
            index += 1;
        }
        Ok(Some(found))
    }
}

impl<T> Value<List<T>> {
    /// The list's objects with their positions; a missing list is an empty one. Whatever else
    /// is in it is written down.
    pub(crate) fn items(
        &self,
        trail: &Trail<'_>,
        field: &'static str,
        mistakes: &mut Mistakes,
    ) -> &[(usize, T)]
    where
        T: Shape,
    {
        self.get(trail, field, mistakes).map_or(&[], |list| list.items(trail, field, mistakes))
    }
}

impl<T> List<T> {
    /// The list's objects with their positions; says nothing about what else is in it.
    pub(crate) fn good(&self) -> &[(usize, T)] {
        &self.items
    }

    /// See [`Value::items`].
    pub(crate) fn items(
        &self,
        trail: &Trail<'_>,
        field: &'static str,
        mistakes: &mut Mistakes,
    ) -> &[(usize, T)] {
        if let Some((index, kind)) = self.first_bad {
            let (found, count) = (kind.name(), self.bad_count);
            mistakes.add(trail, Problem::WrongElements { field, index, found, count });
        }
        &self.items
    }
}

/// How many elements a list has whose content is of no interest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count(pub(crate) usize);

impl Shape for Count {
    const EXPECTED: &'static str = "a list";

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut count = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Some(Self(count)))
    }
}

/// Reads a structure from an object and from nothing else: a derived reader alone would take a
/// list of its fields as well.
pub(crate) fn from_object<'de, T, A>(object: A) -> Result<Option<T>, A::Error>
where
    T: Deserialize<'de>,
    A: MapAccess<'de>,
{
    T::deserialize(MapAccessDeserializer::new(object)).map(Some)
}

/// Makes structures with a derived reader the content of a [`Value`].
macro_rules! object_shapes {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::lenient::Shape for $name {
            const EXPECTED: &'static str = "an object";

            fn from_object<'de, A: serde::de::MapAccess<'de>>(
                object: A,
            ) -> Result<Option<Self>, A::Error> {
                $crate::lenient::from_object(object)
            }
        }
    )+};
}
pub(crate) use object_shapes;
