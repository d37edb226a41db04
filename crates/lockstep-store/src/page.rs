//! A part of a list, by key: never by offset.

/// The direction of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Order {
    /// The lowest key first.
    #[default]
    Ascending,
    /// The highest key first.
    Descending,
}

/// A part of a list ordered by `K`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page<K> {
    /// Only what stands behind this in the list's order.
    pub after: Option<K>,
    /// Only what stands in front of this in the list's order; the nearest ones, still in the list's order. Given
    /// together with `after`: what stands between the two, the nearest to this one.
    pub before: Option<K>,
    /// The list's order.
    pub order: Order,
    /// At most so many.
    pub limit: usize,
}

impl<K> Page<K> {
    /// The first `limit` of the list, ascending.
    #[must_use]
    pub fn first(limit: usize) -> Self {
        Self { after: None, before: None, order: Order::Ascending, limit }
    }

    /// The `limit` behind `key`, ascending.
    #[must_use]
    pub fn behind(key: K, limit: usize) -> Self {
        Self { after: Some(key), ..Self::first(limit) }
    }

    /// How an engine that walks an index by key finds this part.
    #[must_use]
    pub fn walk(self) -> Walk<K> {
        let backwards = self.before.is_some();
        let (above, below) = match self.order {
            Order::Ascending => (self.after, self.before),
            Order::Descending => (self.before, self.after),
        };
        let descending = (self.order == Order::Descending) != backwards;
        Walk { above, below, descending, turned: backwards, limit: self.limit }
    }
}

/// A [`Page`] as a walk along an index: both ends exclusive, at most `limit` steps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Walk<K> {
    /// Only keys greater than this.
    pub above: Option<K>,
    /// Only keys less than this.
    pub below: Option<K>,
    /// Whether to begin at the highest key.
    pub descending: bool,
    /// Whether what was found must be turned round to stand in the list's order.
    pub turned: bool,
    /// At most so many steps.
    pub limit: usize,
}

impl<K> Walk<K> {
    /// Puts what the walk found, in the order in which it found it, into the list's order.
    #[must_use]
    pub fn arrange<T>(&self, mut found: Vec<T>) -> Vec<T> {
        if self.turned {
            found.reverse();
        }
        found
    }
}
