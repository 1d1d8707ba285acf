//! Procedures: EXEC and calls by name, arguments, OUTPUT values, return status.

use local_azure::sql::types::{Length, SqlType, Value};
use proptest::prelude::*;

use super::procedures_support::*;
use super::support::*;

const NAME: SqlType = SqlType::NVarChar(Length::Limit(100));

#[test]
fn a_call_by_name_gives_rows_output_values_and_a_status() {
    let mut session = with_procedures(&[ADD_PERSON]);
    let arguments = [
        given("@Name", NAME, text("Barbara")),
        wanted("@Id", SqlType::Int),
        wanted("@Total", SqlType::BigInt),
    ];
    let replies = call(&mut session, "dbo.AddPerson", &arguments);
    assert_eq!(replies.errors, []);
    assert_eq!(replies.rows, [[Value::Integer(4), text("Barbara"), text("Nowhere")]]);
    let outputs = [("@Id".to_owned(), Value::Integer(4)), ("@Total".to_owned(), Value::Integer(4))];
    assert_eq!(replies.outputs, outputs);
    assert_eq!(replies.status, Some(7));
    let arguments = [
        wanted("@Total", SqlType::BigInt),
        wanted("@Id", SqlType::Int),
        given("@Name", NAME, text("Donald")),
    ];
    let swapped = call(&mut session, "dbo.AddPerson", &arguments).outputs;
    assert_eq!(swapped.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["@Total", "@Id"]);
    assert!(replies.counts.iter().all(Option::is_none), "NOCOUNT: {:?}", replies.counts);
}

#[test]
fn a_name_may_be_quoted_and_have_schema_and_database() {
    let mut session = with_procedures(&["CREATE PROC [Odd name] AS RETURN 3"]);
    for name in ["[Odd name]", "dbo.[Odd name]", "\"dbo\".\"odd NAME\"", "local.dbo.[Odd name]"] {
        assert_eq!(call(&mut session, name, &[]).status, Some(3), "{name}");
    }
    assert_eq!(call(&mut session, "other.dbo.[Odd name]", &[]).errors[0].number, 40515);
    for (missing, shown) in [
        ("dbo.Nobody", "dbo.Nobody"),
        ("sales.[Odd name]", "sales.Odd name"),
        ("", ""),
        ("a.b.", "a.b."),
        ("[a", "[a"),
    ] {
        let replies = call(&mut session, missing, &[]);
        assert_eq!(replies.errors[0].number, 2812, "{missing}");
        assert_eq!(replies.errors[0].message, format!("Could not find stored procedure '{shown}'."));
        assert_eq!(replies.status, None);
    }
}

#[test]
fn exec_takes_arguments_by_place_by_name_and_by_default() {
    let mut session = with_procedures(&[
        "CREATE PROC dbo.p @a int, @b varchar(10) = 'b', @c decimal(5,2) = -1.5 AS SELECT @a, @b, @c",
    ]);
    let decimal = Value::Decimal;
    for (arguments, expected) in [
        ("1", [Value::Integer(1), text("b"), decimal(-150)]),
        ("1, 'x'", [Value::Integer(1), text("x"), decimal(-150)]),
        ("1, DEFAULT, 2", [Value::Integer(1), text("b"), decimal(200)]),
        ("@c = 3.25, @A = 2", [Value::Integer(2), text("b"), decimal(325)]),
        ("2, @c = DEFAULT", [Value::Integer(2), text("b"), decimal(-150)]),
        ("NULL, NULL, NULL", [Value::Null, Value::Null, Value::Null]),
        ("@n, @b = @@ROWCOUNT", [Value::Integer(9), text("1"), decimal(-150)]),
        ("-4, 'longer than ten'", [Value::Integer(-4), text("longer tha"), decimal(-150)]),
    ] {
        let replies = ok(&mut session, &format!("DECLARE @n int = 0; SET @n = 9; EXEC dbo.p {arguments}"));
        assert_eq!(replies.rows, [expected], "{arguments}");
    }
}

#[test]
fn arguments_that_do_not_fit_have_their_numbers() {
    let mut session = with_procedures(&[
        "CREATE PROC dbo.p @a int, @b int = 1, @o int = 0 OUTPUT AS SELECT @a",
        "CREATE PROC dbo.nothing AS SELECT 1",
    ]);
    for (text, number, message) in [
        ("p", 201, "Procedure or function 'p' expects parameter '@a', which was not supplied."),
        ("p @b = 1", 201, "Procedure or function 'p' expects parameter '@a', which was not supplied."),
        ("p DEFAULT", 201, "Procedure or function 'p' expects parameter '@a', which was not supplied."),
        ("p 1, 2, 3, 4", 8144, "Procedure or function p has too many arguments specified."),
        ("p @a = 1, @z = 2", 8145, "@z is not a parameter for procedure p."),
        ("p 1, @a = 2", 8143, "Parameter '@a' was supplied multiple times."),
        ("nothing 1", 8146, "Procedure nothing has no parameters and arguments were supplied."),
        ("p 'word'", 8114, "Error converting data type varchar to int."),
        ("p 12345678901", 8114, "Error converting data type numeric to int."),
    ] {
        let error = error(&mut session, &format!("PRINT 'x';\nEXEC dbo.{text}"));
        assert_eq!((error.number, error.message.as_str()), (number, message), "{text}");
        assert_eq!((error.procedure.starts_with("dbo."), error.line), (true, 0), "{text}");
    }
    let unwanted = "DECLARE @x int; EXEC dbo.p @x OUTPUT";
    assert_eq!(error(&mut session, unwanted).number, 8162);
    assert_eq!(error(&mut session, "EXEC dbo.p @a = 1, 2").number, 119);
    assert_eq!(error(&mut session, "EXEC dbo.p 1 + 1").number, 102);
    assert_eq!(error(&mut session, "EXEC dbo.p word").number, 40517);
    assert_eq!(error(&mut session, "DECLARE @p sysname = 'dbo.p'; EXEC @p 1").number, 40517);
    assert_eq!(error(&mut session, "EXEC dbo.p 1 WITH RECOMPILE").number, 40517);
    assert_eq!(error(&mut session, "INSERT dbo.Persons (Name) EXEC dbo.p 1").number, 40517);
    assert_eq!(error(&mut session, "EXEC dbo.Nobody 1").number, 2812);
    assert_eq!(error(&mut session, "EXEC dbo.Persons").number, 2809);
}

#[test]
fn an_unknown_argument_of_a_call_by_name_is_told_with_the_procedure() {
    let mut session = with_procedures(&[ADD_PERSON]);
    for (arguments, number) in [
        (vec![], 201),
        (vec![given("@Nobody", SqlType::Int, Value::Null)], 8145),
        (vec![given("@Name", NAME, text("x")), wanted("@City", NAME)], 8162),
        (vec![given("", NAME, text("x")); 5], 8144),
    ] {
        let replies = call(&mut session, "dbo.AddPerson", &arguments);
        let [error] = replies.errors.as_slice() else { panic!("{:?}", replies.errors) };
        assert_eq!((error.number, error.procedure.as_str(), error.line), (number, "dbo.AddPerson", 0));
        assert_eq!((replies.status, replies.outputs), (None, vec![]));
    }
}

#[test]
fn exec_brings_output_values_and_the_status_into_the_callers_variables() {
    let mut session = with_procedures(&[ADD_PERSON]);
    let replies = ok(
        &mut session,
        "DECLARE @rc int, @id bigint, @n int = 100, @text varchar(5);
         EXEC @rc = dbo.AddPerson N'Barbara', @Total = @n OUTPUT, @Id = @id OUT;
         EXEC dbo.AddPerson N'Donald', N'Stanford', @text OUTPUT, @n;
         SELECT @rc, @id, @n, @text",
    );
    let last = replies.rows.last().unwrap().clone();
    assert_eq!(last, [Value::Integer(7), Value::Integer(4), Value::Integer(4), text("5")]);
}

#[test]
fn an_output_value_comes_back_in_the_type_of_the_argument() {
    let mut session = with_procedures(&["CREATE PROC p @o nvarchar(20) OUTPUT AS SET @o = @o + N'12'"]);
    let mut argument = wanted("@o", SqlType::Int);
    argument.value = Value::Integer(3);
    let replies = call(&mut session, "p", &[argument.clone()]);
    assert_eq!((replies.errors, replies.outputs), (vec![], vec![("@o".to_owned(), Value::Integer(312))]));
    // By position it has the parameter's name.
    argument.name.clear();
    let replies = call(&mut session, "p", &[argument]);
    assert_eq!(replies.outputs, [("@o".to_owned(), Value::Integer(312))]);
    let mut argument = wanted("@o", SqlType::TinyInt);
    argument.value = Value::Integer(9);
    let replies = call(&mut session, "p", &[argument]);
    assert_eq!((replies.errors[0].number, replies.outputs), (8114, vec![]));
}

#[test]
fn the_status_is_what_return_gives_or_ten_less_the_severity_of_the_worst_error() {
    for (body, status) in [
        ("SELECT 1", 0),
        ("RETURN", 0),
        ("RETURN -3", -3),
        ("DECLARE @x int = 4; IF @x > 3 RETURN (@x + 1); RETURN 0", 5),
        ("SELECT 1 / 0", -6),
        ("RAISERROR('x', 11, 1)", -1),
        ("RAISERROR('x', 14, 1)", -4),
        ("RAISERROR('x', 16, 1); RAISERROR('y', 11, 1)", -6),
        ("RAISERROR('x', 10, 1)", 0),
        ("SELECT 1 / 0; RETURN 0", 0),
        ("SELECT 1 / 0; RETURN", -6),
        ("BEGIN TRY SELECT 1 / 0 END TRY BEGIN CATCH PRINT 'x' END CATCH", -6),
        ("EXEC dbo.fails", 0),
    ] {
        let mut session = with_procedures(&["CREATE PROC dbo.fails AS SELECT 1 / 0"]);
        ok(&mut session, &format!("CREATE PROC p AS {body}"));
        assert_eq!(call(&mut session, "p", &[]).status, Some(status), "{body}");
        let replies = run(&mut session, "DECLARE @rc int = -99; EXEC @rc = p; SELECT @rc AS rc");
        assert_eq!(replies.rows.last().unwrap(), &[Value::Integer(i64::from(status))], "{body}");
    }
}

#[test]
fn a_status_of_null_is_zero_and_a_message() {
    let mut session = with_procedures(&["CREATE PROC dbo.p AS RETURN NULL"]);
    let replies = call(&mut session, "dbo.p", &[]);
    assert_eq!(replies.status, Some(0));
    assert_eq!(
        replies.messages,
        [
            "The 'p' procedure attempted to return a status of NULL, which is not allowed. A status of 0 will be returned instead."
        ]
    );
}

#[test]
fn several_result_sets_and_counts_come_in_order() {
    let mut session = with_procedures(&[
        "CREATE PROC p AS SELECT 1 AS a; UPDATE dbo.Persons SET City = N'x'; SELECT 2 AS b UNION ALL SELECT 3",
    ]);
    let replies = call(&mut session, "p", &[]);
    assert_eq!(replies.rows, [[Value::Integer(1)], [Value::Integer(2)], [Value::Integer(3)]]);
    assert_eq!(replies.counts, [Some(1), Some(3), Some(2)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// However a call passes them, and in whatever order the named ones come.
    #[test]
    fn every_parameter_gets_the_value_that_was_passed_for_it(
        values in proptest::array::uniform5(proptest::option::of(-9_i64..9)),
        by_place in 0..6_usize,
        order in Just(vec![0, 1, 2, 3, 4]).prop_shuffle(),
    ) {
        let mut session = with_procedures(&[
            "CREATE PROC p @a int = 100, @b int = 101, @c int = 102, @d int = 103, @e int = 104 AS SELECT @a, @b, @c, @d, @e",
        ]);
        let names = ["@a", "@b", "@c", "@d", "@e"];
        let expected: Vec<Value> =
            (100..).zip(values).map(|(default, value)| Value::Integer(value.unwrap_or(default))).collect();
        let shown = |value: Option<i64>| value.map_or("DEFAULT".to_owned(), |value| value.to_string());
        let mut passed: Vec<String> = values.iter().take(by_place).map(|value| shown(*value)).collect();
        let mut arguments = Vec::new();
        for place in order {
            if place >= by_place {
                passed.push(format!("{} = {}", names[place], shown(values[place])));
            }
            // A call by name leaves out what takes its default.
            if let Some(value) = values[place] {
                arguments.push(given(names[place], SqlType::BigInt, Value::Integer(value)));
            }
        }
        let text = format!("EXEC p {}", passed.join(", "));
        prop_assert_eq!(&ok(&mut session, &text).rows, std::slice::from_ref(&expected), "{}", text);
        prop_assert_eq!(&call(&mut session, "p", &arguments).rows, &[expected]);
    }
}

#[test]
fn a_procedure_of_another_schema_is_not_the_systems_of_that_name() {
    let mut session = session();
    ok(&mut session, "CREATE SCHEMA sales");
    ok(&mut session, "CREATE PROC sales.sp_set_session_context AS RETURN 7");
    for (written, status) in [("sales.sp_set_session_context", 7), ("sys.sp_set_session_context", 1)] {
        let mut replies = Replies::default();
        session.call(written, &[], &mut replies);
        assert_eq!(replies.status, Some(status), "{written}: {:?}", replies.errors);
    }
}
