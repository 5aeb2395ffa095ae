// Figures of the guide: `guide_1_slope DIR` writes those of chapter 1 into a folder.
#pragma once

#include <fstream>
#include <stdexcept>
#include <string>

/// Writes DIR/NAME.svg when the program was given a folder; does nothing otherwise.
inline void write_figure(int argc, char** argv, const std::string& name, const std::string& svg) {
  if (argc < 2) return;
  const std::string path = std::string(argv[1]) + "/" + name + ".svg";
  // Alone in a page it must not inherit the page's colours: dark text on a white ground.
  const std::string tag = "<svg ";
  std::ofstream file(path);
  file << tag << "style=\"background:#fff;color:#1d2125\" " << svg.substr(tag.size()) << "\n";
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path + ": does the folder exist?");
}
