//! What customers think of a store.

/// The stars of all reviews that count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rating {
    /// Number of reviews.
    pub count: i32,
    /// Stars of all of them together.
    pub sum: i32,
}

impl Rating {
    /// Tenths of a star, halves up. `None`: there is no review.
    pub fn tenths(self) -> Option<i64> {
        let (count, sum) = (i64::from(self.count), i64::from(self.sum));
        (count > 0).then(|| (20 * sum + count) / (2 * count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_has_one_decimal_halves_up() {
        for (count, sum, tenths) in [
            (0, 0, None),
            (1, 5, Some(50)),
            (3, 10, Some(33)),
            (3, 11, Some(37)),
            (4, 17, Some(43)),
            (20, 67, Some(34)),
            (20, 65, Some(33)),
        ] {
            assert_eq!(Rating { count, sum }.tenths(), tenths, "{sum} of {count}");
        }
    }
}
