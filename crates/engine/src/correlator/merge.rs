//! Merging of what the workers hand over, each in order, into one order.

/// Hands on the items of all lists in ascending order of their keys; each list is in order
/// already, and equal keys stand in one list only (a frame belongs to one worker).
pub(super) fn by_key<T, K: Ord>(
    lists: Vec<Vec<T>>,
    key: impl Fn(&T) -> K,
    mut each: impl FnMut(T),
) {
    let mut lists: Vec<std::vec::IntoIter<T>> =
        lists.into_iter().filter(|l| !l.is_empty()).map(Vec::into_iter).collect();
    if lists.len() <= 1 {
        lists.into_iter().flatten().for_each(each);
        return;
    }
    loop {
        let heads = lists.iter().enumerate();
        let first = heads
            .filter_map(|(i, list)| list.as_slice().first().map(|item| (key(item), i)))
            .min_by(|(a, i), (b, j)| a.cmp(b).then(i.cmp(j)));
        let Some((_, index)) = first else { return };
        if let Some(item) = lists.get_mut(index).and_then(Iterator::next) {
            each(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_in_order() {
        let mut out = Vec::new();
        by_key(vec![vec![1, 4, 6], vec![], vec![2, 3, 9], vec![5]], |x| *x, |x| out.push(x));
        assert_eq!(out, [1, 2, 3, 4, 5, 6, 9]);
    }
}
