//! Discovery: which of many findings may be believed when many were looked for.

use super::count;

/// Which of these p-values are discoveries with a false discovery rate of `q` (Benjamini and
/// Hochberg, 1995): all up to the largest k with p(k) ≤ k / m · q.
#[must_use]
pub fn discoveries(p_values: &[f64], q: f64) -> Vec<bool> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let threshold = order
        .iter()
        .enumerate()
        .filter(|(rank, at)| p_values[**at] <= count(rank + 1) / count(p_values.len()) * q)
        .map(|(_, at)| p_values[*at])
        .next_back();
    p_values
        .iter()
        .map(|p| threshold.is_some_and(|threshold| *p <= threshold))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_p_among_many_is_none_where_one_alone_would_be() {
        assert_eq!(discoveries(&[0.04], 0.05), [true]);
        let mut many = vec![0.5; 19];
        many.push(0.04);
        assert!(discoveries(&many, 0.05).iter().all(|found| !found));
        assert!(discoveries(&[], 0.1).is_empty());
    }
}
