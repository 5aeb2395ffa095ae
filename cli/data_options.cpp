#include <tailgrad/cli/data_options.h>

#include <tailgrad/cli/command_line.h>
#include <tailgrad/study/problem.h>

namespace tailgrad::cli {

void declare_table(Verb& verb, TableOptions& table) {
  verb.negative_flag("no-header", table.header,
                     "The first row is an item; columns are named 1, 2, …")
      .option("quotes", table.quotes,
              "double (around cells) or none (ordinary characters); default: double in csv; in tsv "
              "double if the whole file reads so")
      .option("encoding", table.encoding, "Of the tables: utf-8 or latin-1");
}

void declare_data(Verb& verb, ProblemOptions& data) {
  verb.option("dev", data.dev, "Development data; default: a tenth of DATA")
      .option("test", data.test, "Test data")
      .option("task", data.task,
              "text (one label a text), multilabel (any number of labels a text), pair (one label "
              "for two texts), tags (a label a token), image (one label an image) or table "
              "(numeric columns); default: text, image for images")
      .option("format", data.format,
              "csv or tsv; of tags conll or conllu; of images idx or cifar; default: by the file's "
              "ending")
      .option("text-column", data.text_column, "Column of the text")
      .option("second-column", data.second_column, "Of task pair: column of the second text")
      .option("label-column", data.label_column, "Column of the label, or labels")
      .option("label-separator", data.label_separator,
              "Of task multilabel: between the labels of a cell")
      .option("label-names", data.label_names,
              "Names of the classes, one a line: the data may then hold their numbers, from 0");
  declare_table(verb, data.table);
}

void declare_tag_columns(Verb& verb, ProblemOptions& data) {
  verb.option("word-column", data.word_column,
              "Number or name; default: the first column, in CoNLL-U form")
      .option("tag-column", data.tag_column,
              "Number or name; default: the last column, in CoNLL-U upos")
      .option("scheme", data.scheme,
              "Of the files: iob1, iob2, iobes, bmes or none; default: as the tags look");
}

}  // namespace tailgrad::cli
