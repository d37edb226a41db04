//! Every bound on input that this crate enforces. The error a limit causes names it.

/// Bounds on input. Exceeding one is a 400 or 413 whose detail names the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request body (413).
    pub body_bytes: usize,
    /// Objects and arrays inside each other in a body.
    pub json_depth: usize,
    /// Bytes of a filter expression (RFC 7644 §3.4.2.2).
    pub filter_bytes: usize,
    /// Parentheses, `not` and brackets inside each other in a filter.
    pub filter_depth: usize,
    /// Comparisons in one filter.
    pub filter_terms: usize,
    /// Bytes of a PATCH path, its filter included (RFC 7644 §3.5.2).
    pub path_bytes: usize,
    /// Operations of one PATCH request.
    pub patch_operations: usize,
    /// Members named in one request.
    pub members_per_request: usize,
    /// Values of one multi-valued attribute, `members` excepted.
    pub values_per_attribute: usize,
    /// Comparisons with the values of lists that one PATCH may need.
    pub patch_comparisons: usize,
    /// Bytes of one string.
    pub string_bytes: usize,
    /// Resources on one page of a list (RFC 7643 §5 filter.maxResults).
    pub page_resources: usize,
    /// Attributes named by `attributes` or `excludedAttributes`.
    pub projection_attributes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 8 * 1024 * 1024,
            json_depth: 32,
            filter_bytes: 16 * 1024,
            filter_depth: 32,
            filter_terms: 200,
            path_bytes: 4 * 1024,
            patch_operations: 2_000,
            members_per_request: 20_000,
            values_per_attribute: 1_000,
            patch_comparisons: 500_000,
            string_bytes: 64 * 1024,
            page_resources: 1_000,
            projection_attributes: 100,
        }
    }
}
