#include "io/registry/sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "io/checkpoint/checkpoint.h"
#include "io/files/durable.h"
#include "io/files/sha256.h"
#include "io/folder/manifest.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t largest_sums = std::int64_t{16} << 20;
constexpr std::size_t digits = 64;

std::string read_sums(const fs::path& folder) {
  return durable::read_file(folder / sums_name, largest_sums);
}

bool is_sum(const std::string& text) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void check_names(const fs::path& folder, const std::vector<FileSum>& sums) {
  std::set<std::string> named{sums_name};
  for (const FileSum& sum : sums) named.insert(sum.name);
  require(named.contains(manifest_name), Exit::data, "its {} does not name {}", sums_name,
          manifest_name);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    require(named.contains(name), Exit::data, "it holds {}, which its {} does not name", name,
            sums_name);
  }
}

}  // namespace

std::string sums_text(std::vector<FileSum> sums) {
  std::ranges::sort(sums, {}, &FileSum::name);
  std::string text;
  for (const FileSum& sum : sums) text += fmt::format("{}  {}\n", sum.sha256, sum.name);
  return text;
}

std::vector<FileSum> parse_sums(const std::string& text) {
  std::vector<FileSum> sums;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    FileSum sum{line.size() > digits + 2 ? line.substr(digits + 2) : "", line.substr(0, digits)};
    const bool plain = !sum.name.empty() && sum.name.find('/') == std::string::npos &&
                       sum.name != "." && sum.name != "..";
    require(plain && is_sum(sum.sha256), Exit::data,
            "line {} of its {} is not a SHA-256 and the name of a file", sums.size() + 1,
            sums_name);
    sums.push_back(std::move(sum));
  }
  require(sums_text(sums) == text, Exit::data, "its {} is not what a package's is", sums_name);
  return sums;
}

std::string package_hash(const fs::path& folder) { return sha256_of(read_sums(folder)); }

std::optional<std::string> problem_of_package(const fs::path& folder, const std::string& expected) {
  try {
    const std::string text = read_sums(folder);
    require(expected.empty() || sha256_of(text) == expected, Exit::data,
            "its {} is not the one that was published", sums_name);
    const std::vector<FileSum> sums = parse_sums(text);
    check_names(folder, sums);
    for (const FileSum& sum : sums) {
      require(sha256_of_file(folder / sum.name) == sum.sha256, Exit::data,
              "the bytes of {} are not those that were published: another SHA-256", sum.name);
    }
    CheckpointReader{folder};
  } catch (const Error& error) {
    if (error.code() != Exit::data) throw;
    return error.what();
  }
  return std::nullopt;
}

}  // namespace switchyard
