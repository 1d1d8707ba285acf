//! Statements made from known objects and verbs need exactly the rights that they were made from, however they are
//! written.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::rights::{ObjectName, Right, RightsNeeded};
use super::super::scanner::scan;
use super::rights_needed;

/// A table's name with how it is written each time it is.
#[derive(Clone, Debug)]
struct Table {
    name: &'static str,
    quotes: u8,
    is_upper: bool,
}

impl Table {
    fn object(&self) -> ObjectName {
        ObjectName::object("app", self.name)
    }

    fn written(&self) -> String {
        let case = |text: &str| if self.is_upper { text.to_uppercase() } else { text.to_owned() };
        match self.quotes {
            // A name that isn't a word can't stand without quotes.
            0 if !self.name.contains([' ', ']']) && self.name != "Select" => {
                format!("app.{}", case(self.name))
            }
            1 => format!("\"{}\" . \"{}\"", case("app"), case(self.name)),
            _ => format!("[{}].[{}]", case("app"), case(self.name).replace(']', "]]")),
        }
    }
}

fn table() -> impl Strategy<Value = Table> {
    (prop::sample::select(vec!["Persons", "Orders", "Select", "From ]Here", "Ñandú"]), 0..3u8, any::<bool>())
        .prop_map(|(name, quotes, is_upper)| Table { name, quotes, is_upper })
}

/// A statement and what it was made from.
#[derive(Clone, Debug)]
struct Made {
    text: String,
    rights: BTreeMap<ObjectName, BTreeSet<Right>>,
}

impl Made {
    fn new(text: String, rights: &[(&Table, Right)]) -> Self {
        let mut made = Self { text, rights: BTreeMap::new() };
        for (table, right) in rights {
            made.rights.entry(table.object()).or_default().insert(*right);
        }
        made
    }

    fn with(mut self, other: &Self) -> Self {
        for (object, rights) in &other.rights {
            self.rights.entry(object.clone()).or_default().extend(rights);
        }
        self
    }
}

fn query() -> impl Strategy<Value = Made> {
    let leaf = prop_oneof![
        table()
            .prop_map(|t| Made::new(format!("SELECT x.i FROM {} AS x", t.written()), &[(&t, Right::Select)])),
        table().prop_map(|t| Made::new(
            format!("SELECT 'FROM app.No', i AS [FROM] FROM {} /* , app.No */ WHERE i = @i", t.written()),
            &[(&t, Right::Select)]
        )),
        Just(Made::new("SELECT 1 AS i".to_owned(), &[])),
        Just(Made::new("SELECT i FROM @rows CROSS APPLY OPENJSON(doc) WITH (i int '$.i') j".to_owned(), &[])),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| {
                let text = format!("{} UNION ALL {}", a.text, b.text);
                Made { text, rights: a.rights }.with(&Made { text: String::new(), rights: b.rights })
            }),
            (inner.clone(), table()).prop_map(|(a, t)| {
                let text = format!(
                    "SELECT q.i FROM ({}) AS q INNER MERGE JOIN {} AS t ON t.i = q.i GROUP BY q.i ORDER BY q.i, 1",
                    a.text,
                    t.written()
                );
                // ORDER BY is for the outermost query alone; the reader need not mind.
                Made { text, rights: a.rights }.with(&Made::new(String::new(), &[(&t, Right::Select)]))
            }),
            (inner.clone(), table()).prop_map(|(a, t)| {
                let text = format!(
                    "SELECT CASE WHEN EXISTS ({}) THEN 1 ELSE (SELECT 2) END FROM {} t, @rows r",
                    a.text,
                    t.written()
                );
                Made { text, rights: a.rights }.with(&Made::new(String::new(), &[(&t, Right::Select)]))
            }),
            (inner.clone(), inner).prop_map(|(a, b)| {
                let text = format!(
                    "SELECT * FROM ({}) AS p (i) OUTER APPLY (SELECT TOP (1) i FROM ({}) z WHERE z.i = p.i) a",
                    a.text, b.text
                );
                Made { text, rights: a.rights }.with(&Made { text: String::new(), rights: b.rights })
            }),
        ]
    })
}

fn statement() -> impl Strategy<Value = Made> {
    prop_oneof![
        query(),
        (query(), table()).prop_map(|(q, t)| {
            let text =
                format!("WITH Named AS ({}) SELECT n.i FROM named n JOIN {} ON 1 = 1", q.text, t.written());
            Made { text, rights: q.rights }.with(&Made::new(String::new(), &[(&t, Right::Select)]))
        }),
        (table(), any::<bool>()).prop_map(|(t, returns)| {
            let output = if returns { "OUTPUT INSERTED.i" } else { "" };
            let text = format!("INSERT INTO {} (i, [select]) {output} VALUES (@i, 'SET')", t.written());
            let mut rights = vec![(&t, Right::Insert)];
            rights.extend(returns.then_some((&t, Right::Select)));
            Made::new(text, &rights)
        }),
        (table(), query(), table()).prop_map(|(t, q, log)| {
            let text = format!("INSERT {} (i) OUTPUT 1 INTO {} (i) {}", t.written(), log.written(), q.text);
            Made { text, rights: q.rights }
                .with(&Made::new(String::new(), &[(&t, Right::Insert), (&log, Right::Insert)]))
        }),
        (table(), any::<bool>(), any::<bool>()).prop_map(|(t, by_alias, reads)| {
            let value = if reads { "i + 1" } else { "@i" };
            let text = if by_alias {
                format!("UPDATE x SET i = {value} FROM {} x", t.written())
            } else {
                format!("UPDATE {} SET i = {value}", t.written())
            };
            let mut rights = vec![(&t, Right::Update)];
            rights.extend(reads.then_some((&t, Right::Select)));
            Made::new(text, &rights)
        }),
        (table(), query(), any::<bool>()).prop_map(|(t, q, deletes)| {
            let (verb, right) = if deletes { ("DELETE", Right::Delete) } else { ("UPDATE", Right::Update) };
            let set = if deletes { "" } else { "SET j = 1" };
            let text = format!("{verb} x {set} FROM {} AS x WHERE x.i IN ({})", t.written(), q.text);
            Made { text, rights: q.rights }
                .with(&Made::new(String::new(), &[(&t, right), (&t, Right::Select)]))
        }),
        (table(), any::<bool>()).prop_map(|(t, reads)| {
            let condition = if reads { "WHERE i = @i" } else { "" };
            let mut rights = vec![(&t, Right::Delete)];
            rights.extend(reads.then_some((&t, Right::Select)));
            Made::new(format!("DELETE FROM {} {condition}", t.written()), &rights)
        }),
        (table(), query(), prop::collection::btree_set(0..3usize, 1..=3)).prop_map(|(t, q, actions)| {
            const ACTIONS: [(Right, &str); 3] = [
                (Right::Update, "WHEN MATCHED AND t.i > 1 THEN UPDATE SET t.i = s.i"),
                (Right::Insert, "WHEN NOT MATCHED THEN INSERT (i) VALUES (s.i)"),
                (Right::Delete, "WHEN NOT MATCHED BY SOURCE THEN DELETE"),
            ];
            let chosen: Vec<_> = actions.into_iter().map(|action| ACTIONS[action]).collect();
            let clauses: Vec<&str> = chosen.iter().map(|(_, clause)| *clause).collect();
            let text = format!(
                "MERGE INTO {} WITH (HOLDLOCK) AS t USING ({}) s ON t.i = s.i {};",
                t.written(),
                q.text,
                clauses.join(" ")
            );
            let mut rights: Vec<_> = chosen.iter().map(|(right, _)| (&t, *right)).collect();
            rights.push((&t, Right::Select));
            Made { text, rights: q.rights }.with(&Made::new(String::new(), &rights))
        }),
        table().prop_map(|t| Made::new(format!("EXEC {} @i = @i", t.written()), &[(&t, Right::Execute)])),
        Just(Made::new("SET NOCOUNT ON".to_owned(), &[])),
        Just(Made::new("DECLARE @n int = 1, @rows TABLE (i int)".to_owned(), &[])),
    ]
}

/// The same words in another case, with comments and lines between them: what stands in quotes stays.
fn rewritten(text: &str, choices: &[u8]) -> String {
    let mut choices = choices.iter().copied().cycle();
    let mut written = String::new();
    for token in scan(text).unwrap() {
        let is_keyword = token.kind == super::Kind::Word;
        match choices.next() {
            Some(0) if is_keyword => written.push_str(&token.text.to_lowercase()),
            Some(1) if is_keyword => written.push_str(&token.text.to_uppercase()),
            _ => written.push_str(token.text),
        }
        // `N'text'` and compound operators belong together; a blank after all else changes nothing.
        written.push_str(match choices.next() {
            Some(0) => " /* FROM app.No; /* nested */ ' */ ",
            Some(1) => " -- JOIN app.No ' [\n",
            Some(2) => "\r\n\t",
            _ => " ",
        });
    }
    written
}

fn read(text: &str) -> RightsNeeded {
    rights_needed(&scan(text).unwrap())
}

proptest! {
    #[test]
    fn a_statement_needs_exactly_what_it_was_made_from(made in statement(), choices in prop::collection::vec(0..6u8, 1..40)) {
        let text = rewritten(&made.text, &choices);
        let needed = read(&text);
        prop_assert_eq!(&needed.rights, &made.rights, "{}", text);
        prop_assert!(needed.notes.is_empty(), "{}: {:?}", text, needed.notes);
    }

    #[test]
    fn statements_one_after_the_other_need_what_they_need_together(
        all in prop::collection::vec(statement(), 1..5),
        ends in prop::collection::vec(any::<bool>(), 5),
    ) {
        let mut text = String::new();
        let mut expected: BTreeMap<ObjectName, BTreeSet<Right>> = BTreeMap::new();
        for (made, ends) in all.iter().zip(ends) {
            // WITH must follow a semicolon.
            if made.text.starts_with("WITH") {
                text.push(';');
            }
            text.push_str(&made.text);
            text.push_str(if ends { ";" } else { "\n" });
            for (object, rights) in &made.rights {
                expected.entry(object.clone()).or_default().extend(rights);
            }
        }
        let needed = read(&text);
        prop_assert_eq!(&needed.rights, &expected, "{}", text);
    }

    #[test]
    fn any_text_is_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(tokens) = scan(&String::from_utf8_lossy(&bytes)) {
            let _ = rights_needed(&tokens);
        }
    }

    #[test]
    fn any_words_are_read_without_a_panic_and_to_the_end(
        words in prop::collection::vec(prop::sample::select(vec![
            "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "EXEC", "WITH", "AS", "FROM", "JOIN", "APPLY", "CROSS",
            "WHERE", "SET", "OUTPUT", "INTO", "VALUES", "USING", "ON", "WHEN", "THEN", "MATCHED", "CASE", "END",
            "ELSE", "DECLARE", "TOP", "NEXT", "VALUE", "FOR", "CREATE", "TABLE", "DROP", "IF", "EXISTS", "#t", "@t",
            "dbo", "a", "[b]", ".", ",", ";", "(", ")", "=", "'x'", "1", ":", "N", "DISTINCT", "UNION", "COLLATE",
        ]), 0..40),
    ) {
        if let Ok(tokens) = scan(&words.join(" ")) {
            let _ = rights_needed(&tokens);
        }
    }
}

#[test]
fn parentheses_without_end_are_a_note() {
    let text = format!("SELECT {}1{}", "(".repeat(50_000), ")".repeat(50_000));
    let needed = read(&text);
    assert!(needed.rights.is_empty());
    assert_eq!(needed.notes.len(), 1);
}
