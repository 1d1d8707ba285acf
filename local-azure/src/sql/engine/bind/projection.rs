//! The items of a select list: values, `*`, their names.

use sqlparser::ast::{self, Expr};

use super::{Binder, Typed, identifier, not_tsql, parts, qualifies, select::OutputColumn};
use crate::sql::engine::catalog::same_name;
use crate::sql::reply::SqlError;

impl Binder<'_> {
    /// Binds an item of a select list or OUTPUT clause to the values, each with its name, that it stands for.
    pub(super) fn select_item(
        &mut self,
        item: &ast::SelectItem,
        values: &mut Vec<(String, Typed)>,
    ) -> Result<(), SqlError> {
        match item {
            ast::SelectItem::UnnamedExpr(Expr::BinaryOp {
                left: _,
                op: ast::BinaryOperator::Eq,
                right: _,
            }) => return Err(not_tsql("=")),
            ast::SelectItem::UnnamedExpr(expression) => {
                let name = match expression {
                    Expr::Identifier(name) if name.quote_style.is_some() || !name.value.starts_with('@') => {
                        name.value.clone()
                    }
                    Expr::CompoundIdentifier(names) => {
                        names.last().map_or_else(String::new, |name| name.value.clone())
                    }
                    _ => String::new(),
                };
                let value = self.expression(expression)?;
                let name = if value.identity || self.is_column_name(expression) {
                    self.proper_name(&name)
                } else {
                    String::new()
                };
                values.push((name, value));
            }
            ast::SelectItem::ExprWithAlias { expr, alias } => {
                let value = self.expression(expr)?;
                values.push((identifier(alias)?, value));
            }
            ast::SelectItem::ExprWithAliases { .. } => return Err(not_tsql("AS")),
            ast::SelectItem::Wildcard(options) => {
                plain_wildcard(options)?;
                self.all_columns(None, values)?;
            }
            ast::SelectItem::QualifiedWildcard(
                ast::SelectItemQualifiedWildcardKind::ObjectName(name),
                options,
            ) => {
                plain_wildcard(options)?;
                self.all_columns(Some(&parts(name)?), values)?;
            }
            ast::SelectItem::QualifiedWildcard(ast::SelectItemQualifiedWildcardKind::Expr(_), _) => {
                return Err(not_tsql("*"));
            }
        }
        Ok(())
    }

    fn is_column_name(&self, expression: &Expr) -> bool {
        match expression {
            Expr::Identifier(name) => self.scopes.iter().any(|scope| {
                scope
                    .sources
                    .iter()
                    .any(|source| source.columns.iter().any(|column| same_name(&column.name, &name.value)))
            }),
            Expr::CompoundIdentifier(_) => true,
            _ => false,
        }
    }

    /// The column's name as it was declared.
    fn proper_name(&self, written: &str) -> String {
        self.scopes
            .iter()
            .rev()
            .flat_map(|scope| &scope.sources)
            .flat_map(|source| &source.columns)
            .find(|column| same_name(&column.name, written))
            .map_or_else(|| written.to_owned(), |column| column.name.clone())
    }

    fn all_columns(
        &mut self,
        qualifier: Option<&[String]>,
        values: &mut Vec<(String, Typed)>,
    ) -> Result<(), SqlError> {
        self.check_output(qualifier.unwrap_or_default(), "*")?;
        let sources = self.scopes.last().map(|scope| scope.sources.clone()).unwrap_or_default();
        let chosen: Vec<_> = sources
            .iter()
            .filter(|source| qualifier.is_none_or(|written| qualifies(&source.qualifier, written)))
            .collect();
        if chosen.is_empty() {
            return Err(match qualifier {
                Some(name) => SqlError::new(107, format!("The column prefix '{}' does not match with a table name or alias name used in the query.", name.join("."))).with_class(15),
                None => SqlError::new(263, "Must specify table to select from."),
            });
        }
        for source in chosen {
            for column in &source.columns {
                let mut name = source.qualifier.clone();
                name.push(column.name.clone());
                let value = self.column(&name)?;
                values.push((column.name.clone(), value));
            }
        }
        Ok(())
    }

    /// The output column that ORDER BY names by alias or number.
    pub(super) fn output_place(
        &self,
        expression: &Expr,
        columns: &[OutputColumn],
    ) -> Result<Option<usize>, SqlError> {
        match expression {
            Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(digits, false), span: _ }) => {
                let place = digits.parse::<usize>().ok().filter(|place| (1..=columns.len()).contains(place));
                place.map(|place| Some(place - 1)).ok_or_else(|| {
                    SqlError::new(108, format!("The ORDER BY position number {digits} is out of range of the number of items in the select list.")).with_class(15)
                })
            }
            Expr::Identifier(name) => {
                Ok(columns.iter().position(|column| same_name(&column.name, &name.value)))
            }
            _ => Ok(None),
        }
    }
}

fn plain_wildcard(options: &ast::WildcardAdditionalOptions) -> Result<(), SqlError> {
    let ast::WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    if opt_ilike.is_some()
        || opt_exclude.is_some()
        || opt_except.is_some()
        || opt_replace.is_some()
        || opt_rename.is_some()
        || opt_alias.is_some()
    {
        return Err(not_tsql("*"));
    }
    Ok(())
}
