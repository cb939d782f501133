#include "io/registry/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "io/files/durable.h"
#include "io/files/folder_lock.h"
#include "io/folder/committed_folder.h"
#include "io/folder/json_fields.h"
#include "io/registry/sums.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* versions_name = "versions";
constexpr const char* current_name = "current.json";
constexpr const char* log_name = "log.jsonl";
constexpr std::int64_t largest_current = std::int64_t{1} << 20;
constexpr int largest_version = 999'999'999;

std::optional<int> number_of(std::string_view digits) {
  int number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc{} || stop != end || number < 1 || number > largest_version) return {};
  return number;
}

std::vector<int> folders_of(const fs::path& registry) {
  std::vector<int> numbers;
  std::error_code missing;
  for (fs::directory_iterator entry(registry / versions_name, missing), end;
       !missing && entry != end; entry.increment(missing)) {
    if (const auto number = number_of(entry->path().filename().string()))
      numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

nlohmann::json json_of(const PackageVersion& version) {
  return {{"version", version.number}, {"sha256", version.sha256}};
}

PackageVersion version_of(const JsonFields& fields) {
  return {static_cast<int>(fields.integer("version", 1, largest_version)), fields.text("sha256")};
}

}  // namespace

fs::path Registry::folder_of(int version) const {
  return folder_ / versions_name / fmt::format("{:04}", version);
}

std::vector<int> Registry::versions() const {
  std::vector<int> all = folders_of(folder_);
  std::erase_if(all, [&](int version) { return !is_committed(folder_of(version)); });
  return all;
}

std::optional<CurrentVersion> Registry::current() const {
  const fs::path file = folder_ / current_name;
  std::error_code unknown;
  if (!fs::exists(file, unknown)) return std::nullopt;
  const std::string text = durable::read_file(file, largest_current);
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  require(document.is_object() && document.contains("earlier") && document["earlier"].is_array(),
          Exit::data, "{} is damaged: remove it and promote a version", file.string());
  CurrentVersion current{version_of({document, "", file.string()}), {}};
  for (const nlohmann::json& one : document["earlier"])
    current.earlier.push_back(version_of({one, "earlier", file.string()}));
  return current;
}

std::optional<std::string> Registry::problem_of(int version) const {
  const fs::path folder = folder_of(version);
  if (!is_committed(folder))
    return fmt::format("{} is missing or was never finished", folder.string());
  std::string expected;
  for (const Json& line : log()) {
    if (line.value("action", "") == "publish" && line.value("version", 0) == version)
      expected = line.value("sha256", "");
  }
  const auto problem = problem_of_package(folder, expected);
  return problem ? std::optional(fmt::format("{}: {}", folder.string(), *problem)) : problem;
}

std::vector<Json> Registry::log() const {
  std::vector<Json> lines;
  std::ifstream file(folder_ / log_name);
  for (std::string line; std::getline(file, line);) {
    Json object = Json::parse(line, nullptr, false);
    if (object.is_object()) lines.push_back(std::move(object));
  }
  return lines;
}

PackageVersion Registry::publish(const CheckpointReader& model, const PackageContent& content,
                                 const Json& note) {
  durable::make_folders(folder_ / versions_name);
  const FolderLock lock(folder_);
  PackageVersion version{next_version(), ""};
  const fs::path folder = folder_of(version.number);
  durable::remove_tree(folder);
  try {
    version.sha256 = write_package(model, folder, content);
  } catch (...) {
    remove_folder(folder);
    throw;
  }
  add_line("publish", version, note);
  return version;
}

PackageVersion Registry::promote(int number, const Json& note) {
  require(is_committed(folder_of(number)), Exit::data, "{} has no version {}", folder_.string(),
          number);
  const FolderLock lock(folder_);
  if (const auto problem = problem_of(number)) fail(Exit::data, "{}", *problem);
  const PackageVersion version{number, package_hash(folder_of(number))};
  CurrentVersion next{version, {}};
  if (const auto now = current()) {
    next.earlier = now->earlier;
    if (now->version.number != number) next.earlier.push_back(now->version);
  }
  std::erase_if(next.earlier, [&](const PackageVersion& one) { return one.number == number; });
  make_current(next);
  add_line("promote", version, note);
  return version;
}

PackageVersion Registry::roll_back(std::optional<int> wanted, const Json& note,
                                   std::vector<std::string>& skipped) {
  const auto begin = current();
  require(begin.has_value(), Exit::data, "{} has no current version to roll back from",
          folder_.string());
  const FolderLock lock(folder_);
  const CurrentVersion now = current().value_or(*begin);
  for (std::size_t i = now.earlier.size(); i-- > 0;) {
    const PackageVersion& version = now.earlier[i];
    if (wanted && version.number != *wanted) continue;
    const fs::path folder = folder_of(version.number);
    const auto problem = is_committed(folder) ? problem_of_package(folder, version.sha256)
                                              : std::optional<std::string>("it is gone");
    if (problem) {
      skipped.push_back(fmt::format("skipped version {}: {}", version.number, *problem));
      continue;
    }
    make_current({version, {now.earlier.begin(), now.earlier.begin() + static_cast<int>(i)}});
    add_line("rollback", version, note);
    return version;
  }
  require(!wanted || !skipped.empty(), Exit::data,
          "version {} was not current before version {}: only a version that was promoted can be "
          "gone back to",
          wanted.value_or(0), now.version.number);
  fail(Exit::data, "{} has no good version before version {}, which stays current",
       folder_.string(), now.version.number);
}

void Registry::note(const std::string& action, const PackageVersion& version, const Json& note) {
  const FolderLock lock(folder_);
  add_line(action, version, note);
}

// A number is never used twice: what a log or a person says about it stays true.
int Registry::next_version() const {
  int last = 0;
  for (const int number : versions()) last = std::max(last, number);
  for (const Json& line : log()) last = std::max(last, line.value("version", 0));
  require(last < largest_version, Exit::usage, "{} has no number left", folder_.string());
  return last + 1;
}

void Registry::make_current(const CurrentVersion& current) const {
  nlohmann::json document = json_of(current.version);
  document["earlier"] = nlohmann::json::array();
  for (const PackageVersion& version : current.earlier)
    document["earlier"].push_back(json_of(version));
  durable::replace_file(folder_ / current_name, document.dump() + "\n");
}

void Registry::add_line(const std::string& action, const PackageVersion& version,
                        const Json& note) const {
  Json line = {{"action", action}, {"version", version.number}, {"sha256", version.sha256}};
  if (note.is_object()) line.update(note);
  const fs::path file = folder_ / log_name;
  durable::append_line(file, line.dump(-1, ' ', false, Json::error_handler_t::replace));
  durable::File::open_for_writing(file, 0).sync();
  durable::sync_folder(folder_);
}

std::optional<fs::path> find_package(const std::string& path) {
  const std::size_t at = path.find_last_of('@');
  const auto wanted =
      at == std::string::npos ? std::nullopt : number_of(std::string_view(path).substr(at + 1));
  const Registry registry(wanted ? path.substr(0, at) : path);
  std::error_code unknown;
  if (!fs::is_directory(registry.folder() / versions_name, unknown)) return std::nullopt;
  if (wanted) {
    require(is_committed(registry.folder_of(*wanted)), Exit::data, "{} has no version {}",
            registry.folder().string(), *wanted);
    return registry.folder_of(*wanted);
  }
  const auto current = registry.current();
  require(current.has_value(), Exit::data,
          "{} has no current version: promote one, or name one as {}@1", path, path);
  return registry.folder_of(current->version.number);
}

}  // namespace switchyard
