#include <tailgrad/study/studies/study_result.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tailgrad {
namespace {

using nlohmann::ordered_json;

ordered_json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json summary_json(const Summary& summary) {
  ordered_json out = {{"mean", number(summary.mean)},
                      {"sd", number(summary.sd)},
                      {"low", number(summary.low)},
                      {"high", number(summary.high)}};
  if (!summary.reason.empty()) out["reason"] = summary.reason;
  return out;
}

std::size_t count_of(const StudyResult& result, const std::string& verdict) {
  return static_cast<std::size_t>(std::ranges::count_if(
      result.claims, [&](const StudyClaim& claim) { return claim.verdict == verdict; }));
}

std::string ids_of(const StudyResult& result, const std::string& verdict) {
  constexpr std::size_t kNamed = 8;
  std::string ids;
  std::size_t count = 0;
  for (const StudyClaim& claim : result.claims)
    if (claim.verdict == verdict && ++count <= kNamed)
      ids += (ids.empty() ? "" : ", ") + claim.text.id;
  return count > kNamed ? ids + ", …" : ids;
}

std::string cell_text(const StudyColumn& column, const StudyRow& row) {
  const auto found = row.metrics.find(column.metric);
  if (found == row.metrics.end() || !found->second.mean) return "n/a";
  const Summary& summary = found->second;
  std::string text = fmt::format("{:.{}f}", column.scale * *summary.mean, column.digits);
  if (summary.low && summary.high && *summary.high > *summary.low)
    text += fmt::format(" ± {:.{}f}", column.scale * 0.5 * (*summary.high - *summary.low),
                        column.digits);
  return text;
}

bool has_groups(const StudyResult& result) {
  return std::ranges::any_of(result.rows, [](const StudyRow& row) { return !row.group.empty(); });
}

HtmlTable rows_table(const StudyResult& result) {
  HtmlTable table;
  table.columns.push_back("setting");
  if (has_groups(result)) table.columns.push_back("on");
  for (const StudyColumn& column : result.columns) table.columns.push_back(column.words);
  for (const StudyRow& row : result.rows) {
    std::vector<std::string> cells{row.name};
    if (has_groups(result)) cells.push_back(row.group);
    for (const StudyColumn& column : result.columns) cells.push_back(cell_text(column, row));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

HtmlTable claims_table(const StudyResult& result) {
  HtmlTable table{{"claim", "says", "published", "measured", "verdict", "why"}, {}};
  for (const StudyClaim& claim : result.claims)
    table.rows.push_back({claim.text.id, claim.text.claim,
                          claim.text.published.empty() ? "no number" : claim.text.published,
                          shown(claim.text, claim.measured, claim.low, claim.high), claim.verdict,
                          claim.why});
  return table;
}

HtmlTable rules_table(const StudyResult& result) {
  HtmlTable table{{"claim", "rule"}, {}};
  for (const StudyClaim& claim : result.claims) table.rows.push_back({claim.text.id, claim.rule});
  return table;
}

// A bar is the only character that a table of markdown cannot hold.
std::string markdown_cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

std::string markdown_table(const HtmlTable& table) {
  std::string text = "|";
  for (const std::string& column : table.columns) text += " " + markdown_cell(column) + " |";
  text += "\n|";
  for (std::size_t i = 0; i < table.columns.size(); ++i) text += "---|";
  text += "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool code = i == 0 && table.columns.front() == "setting" && !row[0].empty();
      text += code ? " `" + markdown_cell(row[i]) + "` |" : " " + markdown_cell(row[i]) + " |";
    }
    text += "\n";
  }
  return text;
}

std::string clock_words(double seconds) {
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.1f} h", seconds / 3600);
}

}  // namespace

void add_row(ForestPlot& plot, const std::string& label, const Summary& summary, double scale,
             std::size_t series) {
  if (!summary.mean) return;
  plot.rows.push_back({.label = label,
                       .value = scale * *summary.mean,
                       .low = scale * summary.low.value_or(*summary.mean),
                       .high = scale * summary.high.value_or(*summary.mean),
                       .series = series});
}

std::string study_answer(const StudyResult& result) {
  std::string text;
  for (const auto& [verdict, one, several] :
       {std::tuple{"holds", "claim holds", "claims hold"},
        std::tuple{"fails", "claim fails", "claims fail"},
        std::tuple{"undecided", "is undecided", "are undecided"}}) {
    const std::size_t count = count_of(result, verdict);
    if (count == 0) continue;
    text += fmt::format("{}{} {} ({})", text.empty() ? "" : "; ", count, count == 1 ? one : several,
                        ids_of(result, verdict));
  }
  return text.empty() ? "No claim was judged." : text + ".";
}

ordered_json study_json(const StudyResult& result, const StudyRecord& record) {
  ordered_json claims = ordered_json::array();
  for (const StudyClaim& claim : result.claims)
    claims.push_back(
        {{"id", claim.text.id},
         {"claim", claim.text.claim},
         {"published", claim.text.published.empty() ? ordered_json(nullptr)
                                                    : ordered_json(claim.text.published)},
         {"measured", number(claim.measured)},
         {"low", number(claim.low)},
         {"high", number(claim.high)},
         {"rule", claim.rule},
         {"verdict", claim.verdict},
         {"why", claim.why}});
  ordered_json rows = ordered_json::array();
  for (const StudyRow& row : result.rows) {
    ordered_json metrics = ordered_json::object();
    for (const auto& [name, summary] : row.metrics) metrics[name] = summary_json(summary);
    ordered_json one = {{"name", row.name}};
    if (!row.group.empty()) one["group"] = row.group;
    one["metrics"] = std::move(metrics);
    rows.push_back(std::move(one));
  }
  return {{"study", record.study},
          {"size", record.size},
          {"answer", study_answer(result)},
          {"claims", std::move(claims)},
          {"rows", std::move(rows)},
          {"settings", result.settings},
          {"notes", result.notes},
          {"source", record.source},
          {"config", ordered_json::parse(record.config)},
          {"versions", ordered_json::parse(record.versions)}};
}

std::string study_text(const StudyResult& result) {
  std::string text = study_answer(result) + "\n\n";
  for (const StudyClaim& claim : result.claims) {
    text += fmt::format("{:<12} {:<10} {}\n", claim.text.id, claim.verdict, claim.text.claim);
    text += fmt::format("{:<12} published {}; measured {}\n", "",
                        claim.text.published.empty() ? "no number" : claim.text.published,
                        shown(claim.text, claim.measured, claim.low, claim.high));
    text += fmt::format("{:<12} {}\n", "", claim.why);
  }
  if (result.rows.empty()) return text;
  const HtmlTable table = rows_table(result);
  std::vector<std::size_t> widths;
  const auto width_of = [](const std::string& words) {
    return static_cast<std::size_t>(std::ranges::count_if(
        words, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  };
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::size_t width = width_of(table.columns[c]);
    for (const auto& row : table.rows) width = std::max(width, width_of(row[c]));
    widths.push_back(width);
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string space(widths[c] - width_of(cells[c]), ' ');
      out += (c == 0 ? cells[c] + space : "  " + space + cells[c]);
    }
    return out + "\n";
  };
  text += "\n" + line(table.columns);
  for (const auto& row : table.rows) text += line(row);
  return text;
}

std::string study_html(const StudyResult& result, const StudyRecord& record) {
  Page page("Study " + record.study + ": " + record.meaning, study_answer(result));
  page.interactive();
  page.command("Run it:", record.command);
  page.section("Claims");
  for (const StudyClaim& claim : result.claims)
    page.finding(
        claim.text.id + " " + claim.verdict + ": " + claim.text.claim,
        "Published: " + (claim.text.published.empty() ? "no number" : claim.text.published) +
            ". Measured: " + shown(claim.text, claim.measured, claim.low, claim.high) + ". " +
            claim.why + ".",
        "Rule: " + claim.rule + ".");
  page.folded("As a table", claims_table(result));
  if (!result.figures.empty()) page.section("Figures");
  for (const StudyFigure& figure : result.figures)
    page.figure(figure.caption, figure.note, figure.svg, figure.numbers);
  if (!result.rows.empty()) {
    page.section("All settings");
    page.paragraph("Means and half widths of 95 % intervals.");
    page.table(rows_table(result));
  }
  page.section("How it was done");
  page.list(result.settings);
  if (!result.notes.empty()) {
    page.section("Notes");
    page.list(result.notes);
  }
  page.paragraph("Source: " + record.source + ".");
  page.folded_text("Configuration", ordered_json::parse(record.config).dump(2));
  page.folded_text("Versions", ordered_json::parse(record.versions).dump(2));
  return page.html();
}

std::string study_markdown(const StudyResult& result, const StudyRecord& record) {
  std::string text = "# Study `" + record.study + "`\n\n" + record.meaning + "\n\n**" +
                     study_answer(result) + "**\n\nMade by\n\n```sh\n" + record.command +
                     "\n```\n\n";
  text += fmt::format("{} of computing, {}. Source: {}.\n\n", clock_words(record.cell_seconds),
                      record.machine, record.source);
  text += "## Claims\n\n" + markdown_table(claims_table(result)) + "\n";
  for (std::size_t i = 0; i < result.figures.size(); ++i)
    text += fmt::format("![{}]({}-{}.svg)\n\n**{}.** {}\n\n", result.figures[i].caption,
                        record.study, i + 1, result.figures[i].caption, result.figures[i].note);
  if (!result.rows.empty())
    text += "## All settings\n\nMeans and half widths of 95 % intervals.\n\n" +
            markdown_table(rows_table(result)) + "\n";
  text += "## How it was done\n\n";
  for (const std::string& line : result.settings) text += "* " + line + "\n";
  for (const std::string& line : result.notes) text += "* Note: " + line + "\n";
  text += "\n## Rules of the verdicts\n\n" + markdown_table(rules_table(result));
  return text;
}

}  // namespace tailgrad
