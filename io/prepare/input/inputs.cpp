#include "io/prepare/input/inputs.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "io/prepare/input/byte_source.h"
#include "io/prepare/input/json_values.h"
#include "io/prepare/input/text_source.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;

bool holds_documents(const fs::path& file) { return content_of(file) != Content::other; }

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_link(const fs::path& path) {
  std::error_code ignored;
  return fs::is_symlink(path, ignored);
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// What an input leads to.
struct Found {
  std::vector<fs::path> files, skipped;

  // A link to nothing, or what may not be looked at, counts too: reading it reports it.
  void add(const fs::path& path) { (holds_documents(path) ? files : skipped).push_back(path); }
};

// All at once: a search that is deep in folders must not hold each of them open.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    entries.push_back(entry->path());
  }
  require(!error, Exit::data, "cannot list the folder '{}': {}", folder.string(), error.message());
  return entries;
}

void add_files_of(const fs::path& folder, Found& found) {
  for (const fs::path& entry : entries_of(folder)) {
    if (!is_folder(entry)) {
      found.add(entry);
    } else if (is_link(entry)) {
      found.skipped.push_back(entry);
    } else {
      add_files_of(entry, found);
    }
  }
}

// Adds what `pattern` from component `next` on matches within `folder`, component by component: a
// name that exists is taken literally, so that only the rest is a glob.
void match(const fs::path& folder, const std::vector<std::string>& pattern, std::size_t next,
           std::vector<fs::path>& found) {
  if (next == pattern.size()) {
    found.push_back(folder);
    return;
  }
  const std::string& component = pattern[next];
  if (component != "**" && is_there(folder / component)) {
    return match(folder / component, pattern, next + 1, found);
  }
  const fs::path here = folder.empty() ? "." : folder;
  if (!is_folder(here)) return;
  if (component == "**") match(folder, pattern, next + 1, found);
  for (const fs::path& entry : entries_of(here)) {
    const std::string name = entry.filename().string();
    if (component == "**") {
      const bool deeper = is_folder(entry) && !is_link(entry) && !name.starts_with('.');
      if (deeper) match(folder / name, pattern, next, found);
    } else if (fnmatch(component.c_str(), name.c_str(), FNM_PERIOD) == 0) {
      match(folder / name, pattern, next + 1, found);
    }
  }
}

std::vector<fs::path> matches_of(const std::string& glob) {
  fs::path start;
  std::vector<std::string> pattern;
  for (const fs::path& component : fs::path(glob)) {
    if (component == fs::path(glob).root_path()) {
      start = component;
    } else if (!component.empty() &&
               (pattern.empty() || component != "**" || pattern.back() != "**")) {
      pattern.push_back(component.string());
    }
  }
  std::vector<fs::path> found;
  match(start, pattern, 0, found);
  return found;
}

// An input that leads to no file is a mistake; what is there instead may show which.
void require_files(const std::string& input, const Found& found) {
  if (!found.files.empty()) return;
  std::string instead;
  if (!found.skipped.empty()) {
    instead = fmt::format("; it has {} of other kinds, such as '{}'", found.skipped.size(),
                          std::min_element(found.skipped.begin(), found.skipped.end())->string());
  }
  fail(Exit::usage, "'{}' has no {}{}", input, readable_kinds, instead);
}

void add_matches(const std::string& glob, Found& found) {
  require(glob.find_first_of("*?[") != std::string::npos, Exit::usage,
          "there is no file or folder '{}'", glob);
  for (const fs::path& path : matches_of(glob)) {
    if (is_folder(path)) {
      add_files_of(path, found);
    } else {
      found.add(path);
    }
  }
}

Found find_input(const std::string& input) {
  Found found;
  if (!is_there(input)) {
    add_matches(input, found);
  } else if (is_folder(input)) {
    add_files_of(input, found);
  } else {
    require(holds_documents(input), Exit::usage, "'{}' is not a {}: rename it to say what it is",
            input, readable_kinds);
    found.add(input);
  }
  require_files(input, found);
  return found;
}

// Ascending by their bytes, each once.
void sort_paths(std::vector<fs::path>& paths) {
  std::sort(paths.begin(), paths.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
}

std::vector<fs::path> files_of(const Source& source, std::vector<fs::path>& skipped) {
  std::vector<fs::path> files;
  for (const std::string& input : source.inputs) {
    const Found found = find_input(input);
    for (const fs::path& file : found.files) files.push_back(without_dots(file));
    for (const fs::path& path : found.skipped) skipped.push_back(without_dots(path));
  }
  sort_paths(files);
  return files;
}

std::int64_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

class UnitBuilder {
 public:
  explicit UnitBuilder(std::int64_t unit_bytes) : unit_bytes_(unit_bytes) {}

  void add(const InputFile& file, std::int32_t number) {
    const std::int64_t num_parts =
        can_be_cut(file) ? (file.bytes + unit_bytes_ - 1) / unit_bytes_ : 1;
    const std::int64_t step = (file.bytes + num_parts - 1) / num_parts;
    for (std::int64_t i = 0; i < num_parts; ++i) {
      add_part(file.source, {number, i * step, std::min((i + 1) * step, file.bytes)});
    }
  }

  std::vector<InputUnit> finish() && { return std::move(units_); }

 private:
  bool can_be_cut(const InputFile& file) const {
    const bool is_plain = compression_of(file.path) == Compression::none;
    if (content_of(file.path) != Content::lines || !is_plain || file.bytes <= unit_bytes_) {
      return false;
    }
    const PeekedSource peeked(open_file(file.path), json_head_bytes);
    return !is_utf16(peeked.head()) && !is_read_by_values(peeked.head(), Content::lines);
  }

  void add_part(std::int32_t source, const FilePart& part) {
    constexpr std::int64_t cost_of_opening = 4096;  // in bytes: small files take time too
    const std::int64_t bytes = part.end - part.begin + cost_of_opening;
    if (units_.empty() || units_.back().source != source || filled_ + bytes > unit_bytes_) {
      units_.push_back({source, {}});
      filled_ = 0;
    }
    units_.back().parts.push_back(part);
    filled_ += bytes;
  }

  std::int64_t unit_bytes_;
  std::int64_t filled_ = 0;
  std::vector<InputUnit> units_;
};

}  // namespace

fs::path without_dots(const fs::path& path) {
  fs::path result;
  for (const fs::path& component : path) {
    if (component != "." && !component.empty()) result /= component;
  }
  return result;
}

Inputs find_inputs(const std::vector<Source>& sources, std::int64_t unit_bytes) {
  require(unit_bytes > 0, "a unit of {} bytes", unit_bytes);
  Inputs inputs;
  UnitBuilder units(unit_bytes);
  for (std::size_t source = 0; source < sources.size(); ++source) {
    for (fs::path& path : files_of(sources[source], inputs.skipped)) {
      const std::int64_t bytes = size_of(path);
      std::string stamp = stamp_of(path);
      inputs.files.push_back(
          {std::move(path), static_cast<std::int32_t>(source), bytes, std::move(stamp), {}});
      units.add(inputs.files.back(), static_cast<std::int32_t>(inputs.files.size() - 1));
    }
  }
  inputs.units = std::move(units).finish();
  sort_paths(inputs.skipped);
  return inputs;
}

std::string stamp_of(const fs::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) return "";
  return fmt::format("{} bytes, {}.{:09} {}.{:09}", status.st_size, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

}  // namespace switchyard::prepare
