//! The whole definitions in docs/definitions.md are such as the worker takes.

use super::read;

#[test]
fn every_whole_definition_of_the_documentation_is_valid() {
    let documentation = include_str!("../../../docs/definitions.md");
    let blocks = documentation.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    let whole: Vec<&str> = blocks.filter(|block| block.contains("\"bindings\"")).collect();

    assert!(whole.len() >= 3, "the documentation has lost its definitions");
    for definition in whole {
        if let Err(error) = read(definition, "SELECT 1 AS one") {
            panic!("{error}\n{definition}");
        }
    }
}
