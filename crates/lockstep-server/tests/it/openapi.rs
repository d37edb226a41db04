//! The description of the API: that it is the code's, that it is whole, and that what it shows is what happens.

use std::fs;
use std::path::PathBuf;

use lockstep_server::openapi::document::document;
use lockstep_store::memory::Memory;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/api")
}

#[test]
fn the_description_in_docs_is_what_the_code_says() {
    let path = folder().join("openapi.json");
    let written = format!("{:#}\n", document::<Memory>().value);
    if fs::read_to_string(&path).unwrap_or_default() != written {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, written).unwrap();
        panic!("docs/api/openapi.json is written anew: look at it and commit it");
    }
}
