#include <tailgrad/study/report/html.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tailgrad {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#fafaf8;--card:#fff;--ink:#1c2430;--soft:#5b6673;--grid:#d9dde3;
--s0:#0b62a4;--s1:#b8480e;--s2:#0f7d5c;--s3:#8a3d7c;--s4:#946f00;--s5:#4b5563;
--heat:#0b62a4;--on-heat:#fff}
@media screen and (prefers-color-scheme:dark){:root{--bg:#12161b;--card:#1a2027;--ink:#e5e9ee;
--soft:#9aa6b3;--grid:#343d48;--s0:#6cb4f0;--s1:#f29a63;--s2:#56c9a1;--s3:#d79bcb;--s4:#dcb94f;
--s5:#b3bcc7;--heat:#6cb4f0;--on-heat:#0b1118}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1100px;padding:2rem 1rem 4rem;background:var(--bg);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .5rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.2rem 0 .8rem;padding-top:.9rem;border-top:1px solid var(--grid)}
p{max-width:75ch}.lead{font-size:1.1rem;margin:0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem;
margin:1.4rem 0}
.tile,figure{background:var(--card);border:1px solid var(--grid);border-radius:10px}
.tile{padding:.7rem 1rem}.tile small{display:block;color:var(--soft)}
.tile b{display:block;font-size:1.6rem;line-height:1.25;font-variant-numeric:tabular-nums}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:1rem;
align-items:start}
figure{margin:0;padding:.9rem 1rem;min-width:0}figure.wide{grid-column:1/-1}
figcaption{margin-bottom:.5rem;font-weight:600}
figcaption span{display:block;font-weight:400;font-size:.9rem;color:var(--soft)}
figure svg{display:block;width:100%;height:auto}
.wide svg{width:auto;max-width:100%;margin:0 auto}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .75rem;text-align:right;border-bottom:1px solid var(--grid);white-space:nowrap}
th:first-child,.t{text-align:left}tbody th{font-weight:500}
thead th{white-space:normal;vertical-align:bottom;color:var(--soft);font-weight:600;border-bottom-width:2px}
details{margin-top:.6rem}summary{cursor:pointer;color:var(--soft);font-size:.9rem}
details .scroll{max-height:28rem;overflow:auto}
pre{overflow-x:auto;padding:1rem;border:1px solid var(--grid);border-radius:10px;
background:var(--card);font-size:.85rem}
.command{margin:.9rem 0}.command small{color:var(--soft);display:block;margin-bottom:.2rem}
.command pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;padding:.7rem .9rem;
font-size:.82rem;line-height:1.45}
.lead b{font-size:1.25em}
.command button{float:right;margin:-.1rem 0 .3rem .6rem;font:inherit;font-size:.8rem;
color:var(--ink);background:var(--bg);border:1px solid var(--grid);border-radius:6px;cursor:pointer}
.finding{background:var(--card);border:1px solid var(--grid);border-left:4px solid var(--s1);
border-radius:6px;padding:.6rem .9rem;margin:.6rem 0;max-width:80ch;overflow-wrap:anywhere}
.finding b,.finding span{display:block}.finding .do{color:var(--soft)}
ul{padding-left:1.2rem;max-width:80ch}li{margin:.25rem 0;overflow-wrap:anywhere}
th[aria-sort]{cursor:pointer}th[aria-sort=ascending]::after{content:" ▲";font-size:.7em}
th[aria-sort=descending]::after{content:" ▼";font-size:.7em}
#tip{position:fixed;z-index:2;pointer-events:none;background:var(--ink);color:var(--bg);
padding:.2rem .5rem;border-radius:5px;font-size:.85rem;max-width:min(24rem,90vw)}
@media (max-width:640px){body{padding:1rem .7rem 3rem}h1{font-size:1.3rem}
.lead{font-size:1rem;line-height:1.4}.command pre{font-size:.76rem;line-height:1.4}
th,td{padding:.3rem .5rem}figure{padding:.8rem .6rem}.wide svg{max-width:none}}
@media print{body{max-width:none;padding:0}#tip,.command button{display:none}figure,.tile,tr{break-inside:avoid}
details .scroll{max-height:none}}
)css";

// Neither < nor & in it: the page stays well-formed XML.
constexpr std::string_view kScript = R"js(
for (const pre of document.querySelectorAll('.command pre')) {
  const words = pre.textContent;
  const button = document.createElement('button');
  button.textContent = 'Copy';
  button.onclick = () => navigator.clipboard.writeText(words)
      .then(() => button.textContent = 'Copied',
            () => getSelection().selectAllChildren(pre));
  pre.prepend(button);
}
const number = text => {
  const value = parseFloat(text.replace(/,/g, ''));
  return isNaN(value) ? null : value;
};
const compare = (a, b) => {
  const x = number(a), y = number(b);
  if (x !== null) if (y !== null) return x - y;
  if (x !== null) return -1;
  if (y !== null) return 1;
  return a.localeCompare(b);
};
for (const table of document.querySelectorAll('table'))
  table.querySelectorAll('thead th').forEach((head, column) => {
    head.setAttribute('aria-sort', 'none');
    head.onclick = () => {
      const up = head.getAttribute('aria-sort') !== 'ascending';
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => (up ? 1 : -1) *
          compare(a.cells[column].textContent, b.cells[column].textContent));
      table.tBodies[0].append(...rows);
      for (const other of table.querySelectorAll('thead th')) other.setAttribute('aria-sort', 'none');
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    };
  });
const tip = document.createElement('div');
tip.id = 'tip';
tip.hidden = true;
document.body.append(tip);
for (const event of ['pointerover', 'pointerdown'])
  document.addEventListener(event, e => {
    const mark = e.target.closest('svg path, svg g');
    const title = mark ? mark.querySelector('title') : null;
    if (title) {  // else the browser would show it a second time
      mark.dataset.tip = title.textContent;
      title.remove();
    }
    tip.hidden = !mark || !mark.dataset.tip;
    if (tip.hidden) return;
    tip.textContent = mark.dataset.tip;
    const room = innerWidth - tip.offsetWidth - 8;
    tip.style.left = Math.max(4, Math.min(e.clientX + 10, room)) + 'px';
    tip.style.top = Math.max(4, e.clientY - 34) + 'px';
  });
)js";

bool is_number(std::string_view text) {
  if (text.empty() || text == "n/a") return true;
  if (text.front() == '-') text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789.,e+-% []") == std::string_view::npos;
}

// A column is text (and stands left) when any of its cells is not a number.
std::vector<bool> text_columns(const HtmlTable& table) {
  std::vector<bool> is_text(table.columns.size(), false);
  for (const auto& row : table.rows)
    for (std::size_t i = 0; i < std::min(row.size(), is_text.size()); ++i)
      if (!is_number(row[i])) is_text[i] = true;
  return is_text;
}

}  // namespace

std::string html_table(const HtmlTable& table) {
  const std::vector<bool> is_text = text_columns(table);
  const auto style = [&](std::size_t i) {
    return i < is_text.size() && is_text[i] ? " class=\"t\"" : "";
  };
  std::string html = "<div class=\"scroll\"><table><thead><tr>";
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    html += fmt::format("<th scope=\"col\"{}>{}</th>", style(i), escaped(table.columns[i]));
  html += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      html += i == 0 ? fmt::format("<th scope=\"row\">{}</th>", escaped(row[i]))
                     : fmt::format("<td{}>{}</td>", style(i), escaped(row[i]));
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

HtmlTable table_of(const Chart& chart) {
  bool bands = false;
  bool labels = false;
  for (const Series& series : chart.series) {
    bands |= !series.low.empty();
    labels |= !series.labels.empty();
  }
  HtmlTable table{{"series", chart.x.label, chart.y.label}, {}};
  if (bands) table.columns.insert(table.columns.end(), {"low", "high"});
  if (labels) table.columns.emplace_back("point");
  for (const Series& series : chart.series)
    for (std::size_t i = 0; i < series.x.size(); ++i) {
      const auto cell = [&](const std::vector<double>& values) {
        return i < values.size() ? short_number(values[i]) : std::string();
      };
      std::vector<std::string> row{series.name, cell(series.x), cell(series.y)};
      if (bands) row.insert(row.end(), {cell(series.low), cell(series.high)});
      if (labels) row.push_back(i < series.labels.size() ? series.labels[i] : "");
      table.rows.push_back(std::move(row));
    }
  return table;
}

HtmlTable table_of(const ForestPlot& plot) {
  HtmlTable table{{"", plot.x.label, "low", "high"}, {}};
  for (const Interval& row : plot.rows)
    table.rows.push_back(
        {row.label, short_number(row.value), short_number(row.low), short_number(row.high)});
  return table;
}

HtmlTable table_of(const BarChart& chart) {
  HtmlTable table{{"", chart.unit}, {}};
  for (const Bar& bar : chart.bars) table.rows.push_back({bar.label, short_number(bar.value)});
  return table;
}

Page::Page(std::string title, std::string lead, std::string headline)
    : title_(std::move(title)), lead_(std::move(lead)), headline_(std::move(headline)) {}

void Page::command(std::string_view what, std::string_view text) {
  end_figures();
  body_ += fmt::format("<div class=\"command\"><small>{}</small><pre>{}</pre></div>\n",
                       escaped(what), escaped(text));
}

void Page::list(const std::vector<std::string>& items) {
  end_figures();
  body_ += "<ul>";
  for (const std::string& item : items) body_ += "<li>" + escaped(item) + "</li>\n";
  body_ += "</ul>\n";
}

void Page::finding(std::string_view what, std::string_view consequence, std::string_view action) {
  end_figures();
  body_ += fmt::format(
      "<div class=\"finding\"><b>{}</b><span>{}</span><span class=\"do\">{}</span></div>\n",
      escaped(what), escaped(consequence), escaped(action));
}

void Page::end_figures() {
  if (std::exchange(in_figures_, false)) body_ += "</div>\n";
}

void Page::section(std::string_view heading) {
  end_figures();
  body_ += "<h2>" + escaped(heading) + "</h2>\n";
}

void Page::paragraph(std::string_view text) {
  end_figures();
  body_ += "<p>" + escaped(text) + "</p>\n";
}

void Page::tiles(const std::vector<Tile>& tiles) {
  end_figures();
  body_ += "<div class=\"tiles\">";
  for (const Tile& tile : tiles)
    body_ += fmt::format("<div class=\"tile\"><small>{}</small><b>{}</b><small>{}</small></div>\n",
                         escaped(tile.label), escaped(tile.value), escaped(tile.note));
  body_ += "</div>\n";
}

void Page::figure(std::string_view caption, std::string_view note, const std::string& svg,
                  const HtmlTable& numbers, bool wide) {
  if (!std::exchange(in_figures_, true)) body_ += "<div class=\"figures\">";
  body_ += fmt::format(
      "<figure{}><figcaption>{}<span>{}</span></figcaption><div class=\"scroll\">{}</div>"
      "<details><summary>The numbers</summary>{}</details></figure>\n",
      wide ? " class=\"wide\"" : "", escaped(caption), escaped(note), svg, html_table(numbers));
}

void Page::table(const HtmlTable& table) {
  end_figures();
  body_ += html_table(table) + "\n";
}

void Page::folded(std::string_view heading, const HtmlTable& table) {
  end_figures();
  body_ +=
      "<details><summary>" + escaped(heading) + "</summary>" + html_table(table) + "</details>\n";
}

void Page::folded_text(std::string_view heading, std::string_view text) {
  end_figures();
  body_ += "<details><summary>" + escaped(heading) + "</summary><pre>" + escaped(text) +
           "</pre></details>\n";
}

std::string Page::html() const {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/><title>{0}</title>"
      "<style>{1}</style></head>\n<body><header><h1>{0}</h1><p class=\"lead\">{2}{3}</p></header>\n"
      "<main>\n{4}{5}</main>{6}</body></html>\n",
      escaped(title_), kStyle, headline_.empty() ? "" : "<b>" + escaped(headline_) + "</b> ",
      escaped(lead_), body_, in_figures_ ? "</div>" : "",
      interactive_ ? fmt::format("<script>{}</script>", kScript) : "");
}

}  // namespace tailgrad
