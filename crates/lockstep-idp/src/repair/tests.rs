//! Tables of requests before and after each repair, and what holds for all of them.
