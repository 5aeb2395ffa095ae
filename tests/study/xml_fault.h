// Is a page well-formed XML?
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

// What makes `xml` ill-formed: unbalanced or wrongly nested tags, raw < & or quotes. Empty:
// nothing.
inline std::string xml_fault(std::string_view xml) {
  std::vector<std::string> open;
  std::size_t at = 0;
  if (xml.starts_with("<!DOCTYPE")) at = xml.find('>') + 1;
  while (at < xml.size()) {
    if (xml[at] == '&') {
      const std::size_t end = xml.find(';', at);
      if (end == std::string_view::npos || end - at > 6)
        return "raw & before " + std::string(xml.substr(at, 20));
      at = end;
    } else if (xml[at] == '<') {
      const std::size_t end = xml.find('>', at);
      if (end == std::string_view::npos) return "a tag without an end";
      std::string_view tag = xml.substr(at + 1, end - at - 1);
      if (tag.empty() || tag.find('<') != std::string_view::npos) return "raw <";
      if (std::count(tag.begin(), tag.end(), '"') % 2 != 0) return "raw quote in a tag";
      const bool closing = tag.front() == '/';
      if (closing) tag.remove_prefix(1);
      const std::string name(tag.substr(0, tag.find_first_of(" /\n")));
      if (closing) {
        if (open.empty() || open.back() != name) return "</" + name + "> closes nothing";
        open.pop_back();
      } else if (tag.back() != '/') {
        open.push_back(name);
      }
      at = end;
    }
    ++at;
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

}  // namespace tailgrad
