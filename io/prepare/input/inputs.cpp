#include "io/prepare/input/inputs.h"

#include <fnmatch.h>

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>

#include "io/prepare/input/byte_source.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;

// The extension before that of a compression: .txt, .md or .jsonl.
fs::path kind_of(const fs::path& file) {
  return compression_of(file) == Compression::none ? file.extension() : file.stem().extension();
}

bool holds_documents(const fs::path& file) {
  const fs::path kind = kind_of(file);
  return kind == ".txt" || kind == ".md" || kind == ".jsonl";
}

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

// A link to nothing, or what may not be looked at, counts too: reading it reports it.
void add_files_of(const fs::path& folder, std::vector<fs::path>& files) {
  for (const fs::path& entry : entries_of(folder)) {
    if (is_folder(entry)) {
      if (!is_link(entry)) add_files_of(entry, files);
    } else if (holds_documents(entry)) {
      files.push_back(entry);
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
  std::erase_if(found,
                [](const fs::path& path) { return !is_folder(path) && !holds_documents(path); });
  return found;
}

void add_input(const std::string& input, std::vector<fs::path>& files) {
  if (is_there(input)) {
    if (is_folder(input)) return add_files_of(input, files);
    require(holds_documents(input), Exit::usage,
            "'{}' is not a .txt, .md or .jsonl file (with or without .gz or .zst): rename it "
            "to say what it is",
            input);
    files.emplace_back(input);
    return;
  }
  require(input.find_first_of("*?[") != std::string::npos, Exit::usage,
          "there is no file or folder '{}'", input);
  const std::vector<fs::path> matches = matches_of(input);
  require(!matches.empty(), Exit::usage, "no .txt, .md or .jsonl file and no folder matches '{}'",
          input);
  for (const fs::path& path : matches) {
    if (is_folder(path)) {
      add_files_of(path, files);
    } else {
      files.push_back(path);
    }
  }
}

// One spelling for one path. `..` stays: behind a link it means another folder than it seems to.
fs::path without_dots(const fs::path& path) {
  fs::path result;
  for (const fs::path& component : path) {
    if (component != "." && !component.empty()) result /= component;
  }
  return result;
}

std::vector<fs::path> files_of(const Source& source) {
  std::vector<fs::path> files;
  for (const std::string& input : source.inputs) add_input(input, files);
  for (fs::path& file : files) file = without_dots(file);
  std::sort(files.begin(), files.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  files.erase(std::unique(files.begin(), files.end()), files.end());
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
    const bool can_be_cut =
        holds_lines(file.path) && compression_of(file.path) == Compression::none;
    const std::int64_t num_parts =
        can_be_cut ? std::max<std::int64_t>(1, (file.bytes + unit_bytes_ - 1) / unit_bytes_) : 1;
    const std::int64_t step = (file.bytes + num_parts - 1) / num_parts;
    for (std::int64_t i = 0; i < num_parts; ++i) {
      add_part(file.source, {number, i * step, std::min((i + 1) * step, file.bytes)});
    }
  }

  std::vector<InputUnit> finish() && { return std::move(units_); }

 private:
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

Inputs find_inputs(const std::vector<Source>& sources, std::int64_t unit_bytes) {
  require(unit_bytes > 0, "a unit of {} bytes", unit_bytes);
  Inputs inputs;
  UnitBuilder units(unit_bytes);
  for (std::size_t source = 0; source < sources.size(); ++source) {
    for (fs::path& path : files_of(sources[source])) {
      const std::int64_t bytes = size_of(path);
      inputs.files.push_back({std::move(path), static_cast<std::int32_t>(source), bytes});
      units.add(inputs.files.back(), static_cast<std::int32_t>(inputs.files.size() - 1));
    }
  }
  inputs.units = std::move(units).finish();
  return inputs;
}

bool holds_lines(const fs::path& file) { return kind_of(file) == ".jsonl"; }

}  // namespace switchyard::prepare
