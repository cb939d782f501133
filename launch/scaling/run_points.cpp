#include "launch/scaling/run_points.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "io/text/escape.h"
#include "launch/report/run_history.h"
#include "launch/scaling/run_size.h"
#include "runtime/error.h"

namespace switchyard::scaling {
namespace {

namespace fs = std::filesystem;
using Fields = std::map<std::string, std::string>;

struct Column {
  std::string_view name, other;  // two names of it
  bool needed;
};
constexpr std::array<Column, 7> columns = {{{"parameters", "N", true},
                                            {"tokens", "D", true},
                                            {"loss", "L", true},
                                            {"total", "total", false},
                                            {"experts", "E", false},
                                            {"top_k", "k", false},
                                            {"unique_tokens", "unique_tokens", false}}};

double number_of(const std::string& text, std::string_view column, const std::string& place) {
  std::size_t end = 0;
  double number = NAN;
  try {
    number = std::stod(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  require(
      end > 0 && text.find_first_not_of(" \t\r", end) == std::string::npos && std::isfinite(number),
      Exit::usage, "{}: {} = {} is not a number", place, column, terminal_text(text));
  return number;
}

RunPoint point_of(const Fields& fields, const std::string& place) {
  std::array<double, columns.size()> values{0, 0, 0, 0, 1, 1, 0};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    auto field = fields.find(std::string(column.name));
    if (field == fields.end()) field = fields.find(std::string(column.other));
    const bool given = field != fields.end() && !field->second.empty();
    require(given || !column.needed, Exit::usage,
            "{}: there is no {}: a run needs parameters, tokens and loss", place, column.name);
    if (given) values[i] = number_of(field->second, column.name, place);
  }
  const auto name = fields.find("name");
  RunPoint point{name == fields.end() ? place : name->second, {}, values[2]};
  point.size = {.active = values[0],
                .total = values[3] > 0 ? values[3] : values[0],
                .body = values[0],
                .tokens = values[1],
                .unique_tokens = values[6],
                .experts = values[4],
                .top_k = values[5]};
  return point;
}

std::vector<std::string> cells_of(std::string line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  std::vector<std::string> cells;
  std::istringstream parts(line);
  for (std::string cell; std::getline(parts, cell, ',');) {
    const auto begin = cell.find_first_not_of(" \t\""), end = cell.find_last_not_of(" \t\"");
    cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
  }
  return cells;
}

Fields fields_of_json(const std::string& line, const std::string& place) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  require(json.is_object(), Exit::usage, "{}: this is no JSON object", place);
  Fields fields;
  for (const auto& [key, value] : json.items())
    fields[key] = value.is_string() ? value.get<std::string>() : value.dump();
  return fields;
}

void read_table(const std::string& path, std::vector<RunPoint>& runs) {
  std::ifstream file(path);
  require(file.good(), Exit::usage, "{} cannot be read", path);
  const bool json = !path.ends_with(".csv");
  std::vector<std::string> names;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    const std::string place = fmt::format("{}:{}", path, ++number);
    if (line.find_first_not_of(" \t\r") == std::string::npos || line.starts_with('#')) continue;
    if (json) {
      runs.push_back(point_of(fields_of_json(line, place), place));
    } else if (names.empty()) {
      names = cells_of(line);
    } else {
      const std::vector<std::string> cells = cells_of(line);
      require(cells.size() <= names.size(), Exit::usage, "{}: {} cells under {} column names",
              place, cells.size(), names.size());
      Fields fields;
      for (std::size_t i = 0; i < cells.size(); ++i) fields[names[i]] = cells[i];
      runs.push_back(point_of(fields, place));
    }
  }
}

void read_run(const fs::path& path, RunsRead& read) {
  const RunHistory history = read_history(path);
  const auto leave_out = [&](const std::string& why) {
    read.left_out.push_back(fmt::format("left out {}: {}", history.name, why));
  };
  if (history.state.status != "done")
    return leave_out(fmt::format(
        "it is {}", history.state.status.empty() ? "not started" : history.state.status));
  if (history.validation.empty())
    return leave_out(
        "it has no validation loss: train with train.evaluate_every, and with documents held out");
  const auto [steps, loss] = history.validation.back();
  Config config;
  apply_toml(config, history.config, (path / "config.toml").string());
  read.runs.push_back({history.name, run_size(config, steps, 0, 1, 1).model, loss});
}

void read_folder(const fs::path& path, RunsRead& read) {
  if (RunDirectory(path).used()) return read_run(path, read);
  std::vector<fs::path> inside;
  for (const fs::directory_entry& entry : fs::directory_iterator(path))
    if (entry.is_directory() && RunDirectory(entry.path()).used()) inside.push_back(entry.path());
  require(!inside.empty(), Exit::usage,
          "{} is no run directory and contains none: name runs, or a table .csv or .jsonl",
          path.string());
  std::ranges::sort(inside);
  for (const fs::path& run : inside) read_run(run, read);
}

}  // namespace

RunsRead read_runs(const std::vector<std::string>& paths) {
  RunsRead read;
  for (const std::string& path : paths) {
    if (fs::is_directory(path)) {
      read_folder(path, read);
    } else {
      read_table(path, read.runs);
    }
  }
  return read;
}

}  // namespace switchyard::scaling
