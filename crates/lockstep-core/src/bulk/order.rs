//! In which order operations are carried out: what names a creation after it, otherwise as they stand.

/// Operations that are carried out at once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// One, by its place in the request.
    One(usize),
    /// Some that name each other, or one that names itself; by place.
    Together(Vec<usize>),
}

impl Turn {
    /// The places of what is carried out.
    pub(super) fn indices(&self) -> &[usize] {
        match self {
            Self::One(index) => std::slice::from_ref(index),
            Self::Together(indices) => indices,
        }
    }
}

/// The turns of operations of which each needs those that `needs` says. (Tarjan's algorithm: it meets what is needed
/// first, and what is in a circle as one.)
pub(super) fn turns(needs: &[Vec<usize>]) -> Vec<Turn> {
    let mut walk = Walk {
        needs,
        met: vec![None; needs.len()],
        open: Vec::new(),
        path: Vec::new(),
        turns: Vec::new(),
        count: 0,
    };
    for index in 0..needs.len() {
        walk.from(index);
    }
    walk.turns
}

struct Walk<'a> {
    needs: &'a [Vec<usize>],
    met: Vec<Option<Met>>,
    /// What was met and has no turn yet.
    open: Vec<usize>,
    /// The way to where the walk is, and how many of the needs of each were looked at. On the heap, because a chain may
    /// be as long as the request.
    path: Vec<(usize, usize)>,
    turns: Vec<Turn>,
    count: usize,
}

#[derive(Clone, Copy)]
struct Met {
    /// The how-manieth it was.
    order: usize,
    /// The first met that can be reached from it and has no turn yet.
    low: usize,
    open: bool,
}

impl Walk<'_> {
    fn from(&mut self, start: usize) {
        if self.met.get(start).is_none_or(Option::is_some) {
            return;
        }
        self.meet(start);
        while let Some((index, looked_at)) = self.path.last_mut() {
            let (index, next) = (*index, *looked_at);
            *looked_at += 1;
            let Some(need) = self.needs.get(index).and_then(|needs| needs.get(next)).copied() else {
                self.path.pop();
                self.leave(index);
                continue;
            };
            match self.met.get(need).copied().flatten() {
                None => self.meet(need),
                Some(met) if met.open => self.lower(index, met.order),
                Some(_) => {}
            }
        }
    }

    fn meet(&mut self, index: usize) {
        if let Some(place) = self.met.get_mut(index) {
            *place = Some(Met { order: self.count, low: self.count, open: true });
            self.count += 1;
            self.open.push(index);
            self.path.push((index, 0));
        }
    }

    fn lower(&mut self, index: usize, low: usize) {
        if let Some(Some(met)) = self.met.get_mut(index) {
            met.low = met.low.min(low);
        }
    }

    /// All that `index` needs was met: it closes a circle, or its turn has come.
    fn leave(&mut self, index: usize) {
        let Some(met) = self.met.get(index).copied().flatten() else { return };
        if let Some((parent, _)) = self.path.last().copied() {
            self.lower(parent, met.low);
        }
        if met.low != met.order {
            return;
        }
        let Some(start) = self.open.iter().rposition(|open| *open == index) else { return };
        let mut circle = self.open.split_off(start);
        for done in &circle {
            if let Some(Some(met)) = self.met.get_mut(*done) {
                met.open = false;
            }
        }
        circle.sort_unstable();
        let names_itself = self.needs.get(index).is_some_and(|needs| needs.contains(&index));
        let alone = circle.len() == 1 && !names_itself;
        self.turns.push(if alone { Turn::One(index) } else { Turn::Together(circle) });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_needed_goes_first_and_a_circle_goes_together() {
        use Turn::{One, Together};
        let cases: [(&[&[usize]], Vec<Turn>); 6] = [
            (&[&[], &[], &[]], vec![One(0), One(1), One(2)]),
            (&[&[2], &[], &[]], vec![One(2), One(0), One(1)]),
            (&[&[], &[0], &[1]], vec![One(0), One(1), One(2)]),
            (&[&[1], &[0], &[]], vec![Together(vec![0, 1]), One(2)]),
            (&[&[0]], vec![Together(vec![0])]),
            (&[&[3], &[2], &[1], &[1]], vec![Together(vec![1, 2]), One(3), One(0)]),
        ];
        for (needs, expected) in cases {
            let needs: Vec<Vec<usize>> = needs.iter().map(|list| list.to_vec()).collect();
            assert_eq!(turns(&needs), expected, "{needs:?}");
        }
    }

    #[test]
    fn a_chain_as_long_as_any_request_needs_no_stack() {
        let needs: Vec<Vec<usize>> = (0..100_000).map(|index| vec![(index + 1) % 100_001]).collect();
        assert_eq!(turns(&needs).len(), 100_000);
    }

    proptest! {
        #[test]
        fn everything_has_one_turn_behind_all_that_it_needs(
            needs in proptest::collection::vec(proptest::collection::vec(0usize..12, 0..4), 12)
        ) {
            let turns = turns(&needs);
            let place = |index: usize| {
                let holds = |turn: &Turn| match turn {
                    Turn::One(one) => *one == index,
                    Turn::Together(some) => some.contains(&index),
                };
                let places: Vec<usize> = (0..turns.len()).filter(|place| holds(&turns[*place])).collect();
                assert_eq!(places.len(), 1, "operation {index}");
                places[0]
            };
            for (index, needed) in needs.iter().enumerate() {
                for need in needed {
                    prop_assert!(place(*need) <= place(index));
                    if *need == index {
                        prop_assert!(matches!(turns[place(index)], Turn::Together(_)));
                    }
                }
            }
        }
    }
}
