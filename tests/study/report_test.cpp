#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <tailgrad/core/error.h>
#include <tailgrad/study/report/html.h>
#include <tailgrad/study/report/svg.h>
#include <tailgrad/study/train_report.h>

#include "study/xml_fault.h"

namespace tailgrad {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

void expect_sound(const std::string& svg) {
  EXPECT_EQ(xml_fault(svg), "") << svg;
  EXPECT_TRUE(svg.starts_with("<svg ") && svg.ends_with("</svg>"));
  for (const char* bad : {"nan", "inf"})
    EXPECT_THAT(svg, Not(HasSubstr(bad))) << "a number that no browser can draw";
}

TEST(XmlFault, FindsFaults) {
  EXPECT_EQ(xml_fault("<a b=\"c\"><d/>x &amp; y</a>"), "");
  for (const char* bad : {"<a>", "<a></b>", "</a>", "a & b", "<a b=\"c></a>", "<a", "<a <b></a>"})
    EXPECT_NE(xml_fault(bad), "") << bad;
}

TEST(Svg, TicksAreRound) {
  EXPECT_THAT(axis_ticks(0, 1, false, 5), ElementsAre(0.0, 0.2, 0.4, 0.2 * 3, 0.8, 1.0));
  EXPECT_THAT(axis_ticks(-7, 23, false, 6), ElementsAre(-5, 0, 5, 10, 15, 20));
  EXPECT_THAT(axis_ticks(3, 300, true, 7), ElementsAre(5, 10, 20, 50, 100, 200));
  EXPECT_THAT(axis_ticks(1, 1e6, true, 7), ElementsAre(1, 10, 100, 1000, 1e4, 1e5, 1e6));
  EXPECT_TRUE(axis_ticks(1, 1, false, 5).empty());
  EXPECT_TRUE(axis_ticks(0, kInf, false, 5).empty());
  EXPECT_TRUE(axis_ticks(kNan, 1, false, 5).empty());
  for (const double low : {-1e9, -1.0, 0.0, 1e-9, 12345.0})
    for (const double span : {1e-6, 0.3, 7.0, 1e12}) {
      const std::vector<double> ticks = axis_ticks(low, low + span, false, 6);
      EXPECT_LE(ticks.size(), 7u);
      EXPECT_GE(ticks.size(), 2u) << low << " " << span;
    }
}

TEST(Svg, TextIsEscaped) {
  EXPECT_EQ(escaped("<b> & \"x\" 'y' ä\n"), "&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39; ä\n");
  EXPECT_EQ(escaped(std::string("a\0\x1b", 3)), "a\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Svg, FiguresAreWellFormedWhateverTheNumbers) {
  const std::vector<std::vector<double>> columns{
      {}, {1}, {0, 0}, {1, 2, 3}, {kNan, 1, kInf}, {kNan}, {-kInf, kInf}, {-1, 1e300}, {5, 5, 5}};
  for (const auto& column : columns)
    for (const bool log : {false, true}) {
      const Series series{"a<b>&\"c\"", column, column, {}, {}, {"<i>", "&"}};
      const Series band{"with a band", column, column, column, column};
      const Chart chart{"<title>", {"x < y", log}, {"y & z", log}, {series, band}};
      expect_sound(line_chart(chart));
      expect_sound(scatter_plot(chart));
      ForestPlot plot{"<f>", {"x & y", log}};
      for (const double value : column) plot.rows.push_back({"<row>", value, value - 1, value + 1});
      expect_sound(forest_plot(plot));
      plot.reference = 0;
      expect_sound(forest_plot(plot));
      expect_sound(heat_map(
          {"<h>", "r&r", "c<c", {"<only>"}, std::vector<std::string>(column.size(), "&"), column}));
    }
  expect_sound(line_chart({"empty"}));
  EXPECT_THAT(line_chart({"empty"}), HasSubstr("no data"));
  EXPECT_THAT(scatter_plot({"gone", {}, {}, {{"a", {kNan}, {1}}}}), HasSubstr("no data"));
}

TEST(Svg, AMissingValueInterruptsALine) {
  const std::string svg = line_chart({"t", {}, {}, {{"a", {1, 2, 3, 4}, {1, 2, kNan, 4}}}});
  const std::size_t path = svg.find("fill:none");
  const std::string before = svg.substr(0, path);
  const std::string drawn = before.substr(before.rfind("<path d="));
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), 'M'), 2);
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), 'L'), 1);
}

TEST(Svg, ALogAxisLeavesOutZero) {
  const std::string svg =
      scatter_plot({"t", {"", true}, {}, {{"a", {0, 10}, {1, 1}, {}, {}, {"zero", "ten"}}}});
  EXPECT_THAT(svg, HasSubstr("<title>ten</title>"));
  EXPECT_THAT(svg, Not(HasSubstr("<title>zero</title>")));
}

TEST(Svg, RefusesUnequalLengths) {
  EXPECT_THROW(line_chart({"t", {}, {}, {{"a", {1, 2}, {1}}}}), Error);
  EXPECT_THROW(scatter_plot({"t", {}, {}, {{"a", {1}, {1}, {1, 2}, {1}}}}), Error);
  EXPECT_THROW(heat_map({"t", "", "", {"a"}, {"b"}, {}}), Error);
}

nlohmann::json example_evaluation() {
  using nlohmann::json;
  json rows = json::array();
  for (int k = 0; k < 6; ++k)
    rows.push_back({{"label", k == 0 ? "<script>" : "class " + std::to_string(k)},
                    {"train_count", 1000 >> k},
                    {"support", 50},
                    {"precision", 0.5},
                    {"recall", k == 5 ? json() : json(0.9 - 0.1 * k)},
                    {"f1", 0.5}});
  json groups;
  for (const char* name : {"many", "medium", "few"})
    groups[name] = {{"recall", name == std::string("few") ? json() : json(0.7)}, {"classes", 2}};
  const json metrics{{"n", 300},        {"accuracy", 0.75}, {"balanced_error", 0.4},
                     {"macro_f1", 0.5}, {"loss", nullptr},  {"per_class", rows},
                     {"groups", groups}};
  return {{"config", {{"data", "a & b"}, {"loss", "la:tau=1"}}},
          {"weights_hash", "0123456789abcdef"},
          {"test", metrics}};
}

TEST(TrainReport, IsOneSoundSelfContainedPage) {
  const auto history = nlohmann::json::parse(
      R"([{"epoch":1,"train_loss":2.0,"dev":{"loss":1.5,"macro_f1":0.3}},{"epoch":2,"train_loss":null}])");
  const std::string page = train_report(
      example_evaluation(), history, {{"<script>", "class 1", 12}, {"class 2", "unheard of", 3}});
  EXPECT_EQ(xml_fault(page), "");
  for (const char* outside : {"http-equiv", "src=", "href=", "url(", "@import", "<script"})
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  EXPECT_THAT(page, HasSubstr("On 300 test items the model is right 75.0 % of the time"));
  EXPECT_THAT(page, HasSubstr("60.0 %"));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(page, HasSubstr("0123456789abcdef"));
  EXPECT_THAT(page, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_THAT(page, Not(HasSubstr("nan")));
}

TEST(TrainReport, ShowsWhatIsMissingAsNotAvailable) {
  using nlohmann::json;
  for (const json& result : {json::object(), json(), json{{"test", json::object()}},
                             json{{"dev", {{"per_class", json::array()}}}}}) {
    const std::string page = train_report(result, json::array(), {{"a", "b", 1}});
    EXPECT_EQ(xml_fault(page), "");
    EXPECT_THAT(page, HasSubstr("n/a"));
    EXPECT_THAT(page, Not(HasSubstr("nan")));
  }
}

}  // namespace
}  // namespace tailgrad
