//! A command's statements one after the other: where each ends, and what is read of those that aren't INSERT, UPDATE,
//! DELETE or MERGE.

use super::super::rights::Right;
use super::super::scanner::Kind;
use super::extent::length;
use super::names::Name;
use super::nodes::Node;
use super::{Base, Reader, is_query, words};

/// What a statement means for the reader.
enum Form {
    Query,
    Insert,
    Update,
    Delete,
    Merge,
    Execute,
    Declare,
    Set,
    Truncate,
    /// CREATE, ALTER, DROP and others that change what there is.
    Definition,
    /// Words round other statements, and statements of which only the expressions matter.
    Plain,
    /// Statements about a cursor: its query was read where it is declared.
    Cursor,
    Use,
    /// What needs rights that aren't on objects, or that the words don't tell.
    Opaque,
}

impl Form {
    fn of(word: &str) -> Option<Self> {
        Some(match word.to_ascii_uppercase().as_str() {
            "SELECT" => Self::Query,
            "INSERT" => Self::Insert,
            "UPDATE" => Self::Update,
            "DELETE" => Self::Delete,
            "MERGE" => Self::Merge,
            "EXEC" | "EXECUTE" => Self::Execute,
            "DECLARE" => Self::Declare,
            "SET" => Self::Set,
            "TRUNCATE" => Self::Truncate,
            "CREATE" | "ALTER" | "DROP" | "GRANT" | "REVOKE" | "DENY" | "ENABLE" | "DISABLE" => {
                Self::Definition
            }
            "IF" | "ELSE" | "WHILE" | "BEGIN" | "END" | "COMMIT" | "ROLLBACK" | "SAVE" | "PRINT"
            | "RAISERROR" | "THROW" | "RETURN" | "WAITFOR" | "GOTO" | "BREAK" | "CONTINUE" => Self::Plain,
            "OPEN" | "FETCH" | "CLOSE" | "DEALLOCATE" => Self::Cursor,
            "USE" => Self::Use,
            "BACKUP" | "RESTORE" | "DBCC" | "KILL" | "SHUTDOWN" | "RECONFIGURE" | "REVERT" | "CHECKPOINT"
            | "BULK" | "WRITETEXT" | "UPDATETEXT" | "READTEXT" | "SETUSER" | "RECEIVE" | "SEND" | "GET"
            | "MOVE" => Self::Opaque,
            _ => return None,
        })
    }
}

impl Reader {
    /// Reads the statement that begins here; hands out the nodes it takes.
    pub(super) fn statement(&mut self, nodes: &[Node<'_>], is_first: bool) -> usize {
        // No recursion: nothing bounds how many stand in a row.
        let mut taken = 0;
        while let Some(rest) = nodes.get(taken..)
            && rest.first().is_some_and(|node| node.is_word("WITH"))
        {
            self.named_queries.clear();
            taken += self.with(rest).max(1);
        }
        let main = self.main_statement(nodes.get(taken..).unwrap_or_default(), is_first && taken == 0);
        self.named_queries.clear();
        taken + main
    }

    /// The statement after its WITH.
    fn main_statement(&mut self, nodes: &[Node<'_>], is_first: bool) -> usize {
        let Some(first) = nodes.first() else { return 0 };
        if nodes.get(1).is_some_and(|next| next.is_symbol(":")) && first.is_kind(Kind::Word) {
            // `label:`
            return 2;
        }
        let form =
            first.token().filter(|token| token.kind == Kind::Word).and_then(|token| Form::of(token.text));
        let length = length(nodes);
        let own = nodes.get(..length).unwrap_or_default();
        match form {
            Some(Form::Query) => {
                self.query(own);
            }
            Some(Form::Insert) => self.insert(own),
            Some(Form::Update) if own.get(1).is_some_and(|next| next.is_word("STATISTICS")) => self.opaque(own),
            Some(Form::Update) => self.update(own),
            Some(Form::Delete) => self.delete(own),
            Some(Form::Merge) => self.merge(own),
            Some(Form::Execute) => self.execute(own),
            Some(Form::Declare) => self.declare(own),
            Some(Form::Set) => self.set(own),
            Some(Form::Truncate) => self.truncate(own),
            Some(Form::Definition) => return self.definition(nodes),
            Some(Form::Plain) => self.plain(own),
            // `OPEN SYMMETRIC KEY`, `CLOSE MASTER KEY`: what stands third tells them from a cursor's.
            Some(Form::Cursor) if own.get(2).is_some_and(|third| third.is_any_word(&["KEY", "SYMMETRIC"])) => {
                self.opaque(own);
            }
            Some(Form::Cursor) => {}
            Some(Form::Use) => self.needed.note(
                first.line(),
                "USE changes the database, where this connection has no rights; Azure SQL Database refuses it anyway",
            ),
            Some(Form::Opaque) => self.opaque(own),
            None if is_query(own) => {
                self.query(own);
            }
            None if is_first && first.is_name() => self.call(own),
            None => {
                self.needed.note(first.line(), format!("what begins with {} isn't understood", shown(first)));
                self.expressions(own);
            }
        }
        length
    }

    /// `WITH a (x) AS (...), b AS (...)` or `WITH XMLNAMESPACES (...)`.
    fn with(&mut self, nodes: &[Node<'_>]) -> usize {
        let mut at = 1;
        loop {
            match nodes.get(at..).unwrap_or_default() {
                [word, Node::Group { .. }, ..] if word.is_word("XMLNAMESPACES") => at += 2,
                [name, r#as, Node::Group { nodes: query, .. }, ..]
                    if name.is_name() && r#as.is_word("AS") =>
                {
                    self.name_query(nodes.get(at..=at).unwrap_or_default(), query);
                    at += 3;
                }
                [name, Node::Group { .. }, r#as, Node::Group { nodes: query, .. }, ..]
                    if name.is_name() && r#as.is_word("AS") =>
                {
                    self.name_query(nodes.get(at..=at).unwrap_or_default(), query);
                    at += 4;
                }
                _ => {
                    let line = nodes.get(at).or(nodes.first()).map_or(1, Node::line);
                    self.needed.note(line, "what WITH begins here isn't understood");
                    return at;
                }
            }
            match nodes.get(at) {
                Some(comma) if comma.is_symbol(",") => at += 1,
                _ => return at,
            }
        }
    }

    fn name_query(&mut self, name: &[Node<'_>], query: &[Node<'_>]) {
        let Some((name, _)) = Name::read(name) else { return };
        let name = name.last().to_lowercase();
        // Known beforehand: a recursive one reads itself.
        self.named_queries.push((name.clone(), Base::Unknown));
        let base = self.query(query);
        self.named_queries.push((name, base));
    }

    /// EXEC with a procedure's name, or with text.
    pub(super) fn execute(&mut self, nodes: &[Node<'_>]) {
        let line = nodes.first().map_or(1, Node::line);
        let rest = nodes.get(1..).unwrap_or_default();
        match rest {
            [variable, equals, called @ ..] if variable.is_kind(Kind::Variable) && equals.is_symbol("=") => {
                self.call(called);
            }
            [variable, ..] if variable.is_kind(Kind::Variable) => self.needed.note(
                line,
                "the procedure's name stands in a variable, so it can't be told; grant EXECUTE on it by hand",
            ),
            [Node::Group { .. }, ..] => self.needed.note(line, DYNAMIC),
            [r#as, ..] if r#as.is_word("AS") => {
                self.needed.note(
                    line,
                    "EXECUTE AS takes another user's rights; IMPERSONATE on it is not granted here",
                );
            }
            _ => self.call(rest),
        }
    }

    /// A procedure's name and its arguments.
    fn call(&mut self, nodes: &[Node<'_>]) {
        let Some((name, taken)) = Name::read(nodes) else {
            let line = nodes.first().map_or(1, Node::line);
            self.needed.note(line, "which procedure is called can't be told; grant EXECUTE on it by hand");
            return;
        };
        self.expressions(nodes.get(taken..).unwrap_or_default());
        let lower = name.last().to_lowercase();
        let is_servers = name.single().is_some()
            || name.parts.first().is_some_and(|first| first.eq_ignore_ascii_case("sys"));
        if is_servers && lower == "sp_executesql" {
            self.needed.note(name.line, DYNAMIC);
        } else if is_servers && words::PUBLIC_PROCEDURES.contains(&lower.as_str()) {
            // Everybody may call it.
        } else if is_servers && (lower.starts_with("sp_") || lower.starts_with("xp_")) {
            self.needed.note(
                name.line,
                format!("what the server's procedure `{name}` needs can't be told; see its documentation"),
            );
        } else {
            self.need(&name, Right::Execute);
        }
    }

    /// `DECLARE @a int = 1, @b AS dbo.IdList, @t TABLE (...)`.
    fn declare(&mut self, nodes: &[Node<'_>]) {
        let rest = nodes.get(1..).unwrap_or_default();
        for declared in rest.split(|node| node.is_symbol(",")) {
            let [variable, after @ ..] = declared else { continue };
            if !variable.is_kind(Kind::Variable) {
                // `name CURSOR FOR`, or a piece after a comma that isn't one.
                self.expressions(declared);
                continue;
            }
            let written = match after {
                [r#as, rest @ ..] if r#as.is_word("AS") => rest,
                _ => after,
            };
            let Some(taken) = self.type_of_variable(written) else {
                self.needed.note(variable.line(), "a variable's type isn't understood");
                self.expressions(written);
                continue;
            };
            self.expressions(written.get(taken..).unwrap_or_default());
        }
    }

    /// SET of a variable or an option; IDENTITY_INSERT needs ALTER on the table.
    fn set(&mut self, nodes: &[Node<'_>]) {
        match nodes {
            [_, option, rest @ ..] if option.is_word("IDENTITY_INSERT") => {
                if let Some((name, _)) = Name::read(rest) {
                    self.need(&name, Right::Alter);
                }
            }
            _ => self.expressions(nodes.get(1..).unwrap_or_default()),
        }
    }

    fn truncate(&mut self, nodes: &[Node<'_>]) {
        let line = nodes.first().map_or(1, Node::line);
        match nodes {
            [_, table, rest @ ..] if table.is_word("TABLE") => match Name::read(rest) {
                Some((name, _)) => self.need(&name, Right::Alter),
                None => self
                    .needed
                    .note(line, "which table TRUNCATE empties can't be told; grant ALTER on it by hand"),
            },
            _ => self.opaque(nodes),
        }
    }

    /// CREATE and DROP of #temp tables are free; of all others nothing is read up to the next semicolon.
    fn definition(&mut self, nodes: &[Node<'_>]) -> usize {
        let temporary = match nodes {
            [drop, table, r#if, exists, rest @ ..]
                if drop.is_word("DROP")
                    && table.is_word("TABLE")
                    && r#if.is_word("IF")
                    && exists.is_word("EXISTS") =>
            {
                Some((4, rest))
            }
            [verb, table, rest @ ..] if verb.is_any_word(&["CREATE", "DROP"]) && table.is_word("TABLE") => {
                Some((2, rest))
            }
            _ => None,
        };
        if let Some((before, rest)) = temporary
            && let Some((name, taken)) = Name::read(rest)
            && name.last().starts_with('#')
        {
            let columns = rest.get(taken).and_then(Node::group);
            self.types_of_columns(columns.unwrap_or_default());
            return before + taken + usize::from(columns.is_some());
        }
        let Some(first) = nodes.first() else { return 0 };
        let defines_module = nodes.iter().take(4).any(|node| {
            node.is_any_word(&["PROC", "PROCEDURE", "FUNCTION", "TRIGGER", "VIEW"])
                && first.is_any_word(&["CREATE", "ALTER"])
        });
        let what: Vec<String> = nodes.iter().take(2).map(shown).collect();
        let what = what.join(" ");
        let length = nodes.iter().position(|node| node.is_symbol(";")).unwrap_or(nodes.len());
        let (length, extent) = if defines_module {
            (nodes.len(), "nothing after it is read")
        } else {
            (length, "nothing up to the next `;` is read")
        };
        self.needed.note(
            first.line(),
            format!(
                "what {what} needs is not granted here, and {extent}; do it beforehand, or grant it by hand"
            ),
        );
        length
    }

    /// Conditions and values.
    fn plain(&mut self, nodes: &[Node<'_>]) {
        let is_broker = nodes.iter().skip(1).any(|node| {
            node.is_any_word(&["DIALOG", "CONVERSATION"])
                || node
                    .group()
                    .and_then(<[_]>::first)
                    .is_some_and(|inside| inside.is_any_word(&["RECEIVE", "GET"]))
        });
        if is_broker {
            self.opaque(nodes);
            return;
        }
        self.expressions(nodes.get(1..).unwrap_or_default());
    }

    fn opaque(&mut self, nodes: &[Node<'_>]) {
        let Some(first) = nodes.first() else { return };
        self.needed
            .note(first.line(), format!("what {} needs can't be told; grant it by hand", shown(first)));
        self.expressions(nodes.get(1..).unwrap_or_default());
    }
}

const DYNAMIC: &str =
    "the statement that runs here is made at run time, so what it needs can't be told; grant it by hand";

/// A node as a note shows it. Text is left out: it may be somebody's data.
fn shown(node: &Node<'_>) -> String {
    match node.token() {
        None => "`(`".to_owned(),
        Some(token) if matches!(token.kind, Kind::Text | Kind::Number) => "a value".to_owned(),
        Some(token) => format!("`{}`", token.text),
    }
}
