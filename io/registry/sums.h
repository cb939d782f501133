// SHA256SUMS: the file that says what a package holds, byte for byte, in the format that
// `sha256sum -c` reads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace switchyard {

inline constexpr const char* sums_name = "SHA256SUMS";

struct FileSum {
  std::string name;    // within the folder
  std::string sha256;  // 64 hex digits
};

// A line for each, in the order of their names.
std::string sums_text(std::vector<FileSum> sums);
// Errors: Exit::data for any other text than sums_text makes.
std::vector<FileSum> parse_sums(const std::string& text);

// SHA-256 of the folder's SHA256SUMS: it names the package. Errors: Exit::data if it has none.
std::string package_hash(const std::filesystem::path& folder);

// Hashes every file of a package. Returns what is wrong, in words: a file that is missing, that
// SHA256SUMS does not name, or whose bytes are others; nothing if all is well. expected: the
// package_hash() that the package had; empty: unknown.
std::optional<std::string> problem_of_package(const std::filesystem::path& folder,
                                              const std::string& expected = "");

}  // namespace switchyard
