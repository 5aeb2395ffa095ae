// What a study says in the end: claims with verdicts, the numbers behind them, figures.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/study/report/html.h>
#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/statistics.h>
#include <tailgrad/study/studies/verdict.h>

namespace tailgrad {

/// One setting: a loss, an optimizer, a method.
struct StudyRow {
  std::string group = {};                       ///< what it was measured on, when there are several
  std::string name = {};                        ///< text form
  std::map<std::string, Summary> metrics = {};  ///< by StudyColumn::metric, over runs
};

/// A figure with its numbers.
struct StudyFigure {
  std::string caption = {};  ///< what it shows
  std::string note = {};     ///< how to read it
  std::string svg = {};      ///< an svg element
  HtmlTable numbers = {};    ///< behind the figure
};

/// A row of a forest plot: mean and interval times `scale`; none without a mean.
void add_row(ForestPlot& plot, const std::string& label, const Summary& summary, double scale = 1,
             std::size_t series = 0);

/// A column of the table of rows.
struct StudyColumn {
  std::string metric = {};  ///< key of StudyRow::metrics
  std::string words = {};   ///< its head
  double scale = 1;         ///< 100: shown in per cent
  int digits = 3;           ///< behind the point
};

/// What a study found.
struct StudyResult {
  std::vector<StudyClaim> claims = {};     ///< judged, in the order of the page
  std::vector<StudyColumn> columns = {};   ///< of the table of rows
  std::vector<StudyRow> rows = {};         ///< all settings
  std::vector<StudyFigure> figures = {};   ///< in the order of the page
  std::vector<std::string> settings = {};  ///< data, sizes, stopping rules: one sentence each
  std::vector<std::string> notes = {};     ///< what a reader should know, deviations from papers
};

/// Where and how a result was made.
struct StudyRecord {
  std::string study = {};       ///< StudyEntry::name
  std::string meaning = {};     ///< StudyEntry::meaning
  std::string source = {};      ///< StudyEntry::source
  std::string size = {};        ///< size_name()
  std::string command = {};     ///< that makes it again
  std::string versions = "{}";  ///< JSON text: version, kernel
  std::string config = "{}";    ///< JSON text of all options
  double cell_seconds = 0;      ///< of computing, added up; only in the markdown page
  std::string machine = {};     ///< the same: "2 threads"
};

/// "3 claims hold (C17, …); 1 claim fails (C18.la); 2 are undecided (…).", made from the verdicts.
std::string study_answer(const StudyResult& result);
/// {study, answer, claims, rows, settings, notes, config, …}; see the command-line contract.
nlohmann::ordered_json study_json(const StudyResult& result, const StudyRecord& record);
/// For a terminal: the answer, each claim with verdict, published and measured number and why, and
/// the table of rows.
std::string study_text(const StudyResult& result);
/// A self-contained page.
std::string study_html(const StudyResult& result, const StudyRecord& record);
/// The same for docs/results; figures are the files NAME-1.svg, NAME-2.svg, … beside it.
std::string study_markdown(const StudyResult& result, const StudyRecord& record);

}  // namespace tailgrad
