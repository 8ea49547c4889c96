//! What looking for a field gives.

/// A field that need not be there.
pub enum Found<T> {
    Absent,
    /// It is there and wrong; that was told.
    Bad,
    Good(T),
}

impl<T> Found<T> {
    /// The value or none, unless it is wrong.
    pub fn maybe(self) -> Option<Option<T>> {
        match self {
            Found::Absent => Some(None),
            Found::Bad => None,
            Found::Good(value) => Some(Some(value)),
        }
    }

    /// The value or this one, unless it is wrong.
    pub fn or(self, default: T) -> Option<T> {
        self.maybe().map(|value| value.unwrap_or(default))
    }

    pub fn or_default(self) -> Option<T>
    where
        T: Default,
    {
        self.maybe().map(Option::unwrap_or_default)
    }
}
