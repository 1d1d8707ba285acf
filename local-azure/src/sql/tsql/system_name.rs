//! The names by which a remote call finds the procedures of the system.

/// The bare name, as written, of what may be a procedure of the system: one that stands alone, or in `sys` or `dbo` of any
/// database. None in any other schema, which can have a procedure of the same name.
pub(crate) fn of_system(written: &str) -> Option<&str> {
    let mut parts = written.rsplit('.').map(|part| part.trim_matches(['[', ']']));
    let name = parts.next()?;
    let system = |schema: &str| ["", "sys", "dbo"].iter().any(|known| schema.eq_ignore_ascii_case(known));
    parts.next().is_none_or(system).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_schemas_of_the_system_have_its_procedures() {
        for written in ["sp_x", "sys.sp_x", "DBO.[sp_x]", "[master].[sys].[sp_x]", "master..sp_x"] {
            assert_eq!(of_system(written), Some("sp_x"), "{written}");
        }
        for written in ["sales.sp_x", "sys.sales.sp_x", "[sales].[sp_x]"] {
            assert_eq!(of_system(written), None, "{written}");
        }
    }
}
