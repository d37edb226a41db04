//! Every bound on input that this crate enforces. The error a limit causes names it.
//!
//! ```
//! use lockstep_scim::{Limits, filter};
//!
//! let limits = Limits { filter_terms: 2, ..Limits::default() };
//! assert!(filter::parse("title pr or userName pr", &limits).is_ok());
//! let error = filter::parse("title pr or userName pr or active pr", &limits).unwrap_err();
//! assert_eq!(error.detail, "filter, column 28: more comparisons than the limit filter_terms of 2");
//! ```

/// How deep anything may be nested whatever the limits say: what is nested is read by functions that call themselves,
/// and a stack is finite.
pub const DEPTH_MAX: usize = 128;

/// Bounds on input. Exceeding one is a 400 or 413 whose detail names the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request body (413).
    pub body_bytes: usize,
    /// Objects and arrays inside each other in a body (400), [`DEPTH_MAX`] at most.
    pub json_depth: usize,
    /// Bytes of a filter expression (400 invalidFilter). RFC 7644 §3.4.2.2.
    pub filter_bytes: usize,
    /// Parentheses, `not` and brackets inside each other in a filter (400 invalidFilter), [`DEPTH_MAX`] at most.
    pub filter_depth: usize,
    /// Comparisons in one filter (400 invalidFilter).
    pub filter_terms: usize,
    /// Bytes of a PATCH path, its filter included (400). RFC 7644 §3.5.2.
    pub path_bytes: usize,
    /// Operations of one PATCH request (400).
    pub patch_operations: usize,
    /// Operations of one bulk request (413). RFC 7644 §3.7.4 maxOperations.
    pub bulk_operations: usize,
    /// Members named in one request (400).
    pub members_per_request: usize,
    /// Values of one multi-valued attribute, `members` excepted (400 tooMany).
    pub values_per_attribute: usize,
    /// Comparisons with the values of lists that one PATCH may need (400 tooMany).
    pub patch_comparisons: usize,
    /// Bytes of one string (400).
    pub string_bytes: usize,
    /// Resources on one page of a list (RFC 7643 §5 filter.maxResults); fewer are answered.
    pub page_resources: usize,
    /// Attributes named by `attributes` or `excludedAttributes` (400).
    pub projection_attributes: usize,
    /// Attributes of one schema that somebody defines (400). RFC 7643 §7.
    pub schema_attributes: usize,
    /// Sub-attributes of one attribute of such a schema (400).
    pub schema_sub_attributes: usize,
    /// Suggested values of one attribute of such a schema, and the resource types a reference may point at (400).
    pub schema_canonical_values: usize,
    /// Bytes of a name in such a schema: its URN, its own, an attribute's, a suggested value (400).
    pub schema_name_bytes: usize,
    /// Bytes of a description in such a schema (400).
    pub schema_description_bytes: usize,
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
            bulk_operations: 1_000,
            members_per_request: 20_000,
            values_per_attribute: 1_000,
            patch_comparisons: 500_000,
            string_bytes: 64 * 1024,
            page_resources: 1_000,
            projection_attributes: 100,
            schema_attributes: 200,
            schema_sub_attributes: 50,
            schema_canonical_values: 200,
            schema_name_bytes: 200,
            schema_description_bytes: 2_000,
        }
    }
}
