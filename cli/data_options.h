// The options by which the verbs are told where the data are and how they are written.
#pragma once

namespace tailgrad {
struct ProblemOptions;
struct TableOptions;
}  // namespace tailgrad

namespace tailgrad::cli {

class Verb;

/// --no-header, --quotes, --encoding.
void declare_table(Verb& verb, TableOptions& table);
/// --dev, --test, --task, --format, the columns, and those of declare_table().
void declare_data(Verb& verb, ProblemOptions& data);
/// --word-column, --tag-column, --scheme: of task tags.
void declare_tag_columns(Verb& verb, ProblemOptions& data);

}  // namespace tailgrad::cli
