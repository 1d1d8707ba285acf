//! The statements of a batch, as the engine runs them.

use sqlparser::ast;

use crate::sql::types::SqlType;

/// A statement and the line on which it begins.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) line: u32,
    pub(crate) kind: StatementKind,
}

/// The name of an object, perhaps with its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) schema: Option<String>,
    pub(crate) object: String,
}

/// A variable's declaration.
#[derive(Clone, Debug)]
pub(crate) struct Declaration {
    pub(crate) name: String,
    pub(crate) sql_type: SqlType,
    pub(crate) value: Option<ast::Expr>,
}

/// A session setting that changes what the engine does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    NoCount(bool),
    XactAbort(bool),
    Isolation(super::super::engine::Isolation),
    LockTimeout(i64),
    IdentityInsert(Name, bool),
    /// Known, and without effect here.
    Harmless,
}

/// An argument of EXEC.
#[derive(Clone, Debug)]
pub(crate) struct ExecuteArgument {
    /// With its `@`, lower case; None by position.
    pub(crate) name: Option<String>,
    /// None for DEFAULT.
    pub(crate) value: Option<ast::Expr>,
    pub(crate) output: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum StatementKind {
    /// `targets` are the variables of `SELECT @a = ...`, one per column; empty when rows go to the client.
    Select {
        query: Box<ast::Query>,
        targets: Vec<String>,
    },
    /// INSERT, UPDATE, DELETE; `top` is what stood after the verb.
    Modify {
        statement: Box<ast::Statement>,
        top: Option<Box<ast::Expr>>,
    },
    Declare(Vec<Declaration>),
    /// DECLARE of a table variable, in lower case.
    DeclareTable {
        name: String,
        source: TableSource,
    },
    /// `body` is what stands in the parentheses, as T-SQL.
    CreateTableType {
        name: Name,
        body: String,
    },
    DropType {
        name: Name,
        if_exists: bool,
    },
    Assign {
        variable: String,
        value: ast::Expr,
    },
    Set(Vec<Setting>),
    If {
        condition: ast::Expr,
        then: Box<Statement>,
        otherwise: Option<Box<Statement>>,
    },
    While {
        condition: ast::Expr,
        body: Box<Statement>,
    },
    Block(Vec<Statement>),
    TryCatch {
        body: Vec<Statement>,
        handler: Vec<Statement>,
    },
    Break,
    Continue,
    /// The status is for procedures only.
    Return(Option<ast::Expr>),
    Print(ast::Expr),
    /// None throws the caught error again.
    Throw(Option<Box<[ast::Expr; 3]>>),
    RaiseError {
        message: Box<ast::Expr>,
        severity: Box<ast::Expr>,
        state: Box<ast::Expr>,
        arguments: Vec<ast::Expr>,
    },
    Wait(ast::Expr),
    /// The transaction's name, if it has one.
    Begin(Option<String>),
    Commit,
    Rollback(Option<String>),
    Save(String),
    CreateTable(TableDefinition),
    AlterTableAdd {
        table: Name,
        elements: Vec<TableElement>,
    },
    DropConstraint {
        table: Name,
        constraint: String,
        if_exists: bool,
    },
    DropTable {
        names: Vec<Name>,
        if_exists: bool,
    },
    Truncate(Name),
    CreateIndex(IndexDefinition),
    DropIndex {
        index: String,
        table: Name,
        if_exists: bool,
    },
    CreateSchema(String),
    DefineProcedure(super::procedure::ProcedureDefinition),
    DropProcedure {
        names: Vec<Name>,
        if_exists: bool,
    },
    Security(super::security::SecurityStatement),
    Use(String),
    Execute {
        result: Option<String>,
        procedure: Name,
        arguments: Vec<ExecuteArgument>,
    },
}

/// What a table variable is like.
#[derive(Clone, Debug)]
pub(crate) enum TableSource {
    /// `TABLE (...)`
    Elements(Vec<TableElement>),
    /// A table type's name.
    Type(Name),
}

#[derive(Clone, Debug)]
pub(crate) struct TableDefinition {
    pub(crate) name: Name,
    pub(crate) elements: Vec<TableElement>,
}

#[derive(Clone, Debug)]
pub(crate) enum TableElement {
    Column(ColumnDefinition),
    Constraint(ConstraintDefinition),
}

#[derive(Clone, Debug)]
pub(crate) struct ColumnDefinition {
    pub(crate) name: String,
    pub(crate) sql_type: SqlType,
    /// None when neither NULL nor NOT NULL was written.
    pub(crate) nullable: Option<bool>,
    pub(crate) identity: Option<(i64, i64)>,
    /// The constraint's name if it has one, and the expression as T-SQL.
    pub(crate) default: Option<(Option<String>, String)>,
    pub(crate) constraints: Vec<ConstraintDefinition>,
}

#[derive(Clone, Debug)]
pub(crate) struct ConstraintDefinition {
    pub(crate) name: Option<String>,
    pub(crate) kind: ConstraintKind,
}

#[derive(Clone, Debug)]
pub(crate) enum ConstraintKind {
    PrimaryKey(Vec<String>),
    Unique(Vec<String>),
    /// The condition as T-SQL.
    Check(String),
    ForeignKey {
        columns: Vec<String>,
        parent: Name,
        parent_columns: Vec<String>,
        on_delete: ForeignAction,
        on_update: ForeignAction,
    },
    /// `DEFAULT expression FOR column`, of ALTER TABLE.
    Default {
        column: String,
        expression: String,
    },
}

/// What happens to rows that refer to one that goes or changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ForeignAction {
    NoAction,
    Cascade,
    SetNull,
}

#[derive(Clone, Debug)]
pub(crate) struct IndexDefinition {
    pub(crate) name: String,
    pub(crate) table: Name,
    pub(crate) unique: bool,
    /// The column and whether it is descending.
    pub(crate) columns: Vec<(String, bool)>,
    /// INCLUDE: they change no result, but must exist.
    pub(crate) included: Vec<String>,
}
