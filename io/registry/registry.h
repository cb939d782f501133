// Registry: the versions of a model that were published, and which of them is the current one
// (docs/publish.md):
//   DIR/NAME/versions/0001/   a package (io/registry/package.h), never changed once it is there
//   DIR/NAME/current.json     which version counts, and those that did before; one rename changes
//   it DIR/NAME/log.jsonl        what was done, when and by whom: the only place for times
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/registry/package.h"

namespace switchyard {

struct PackageVersion {
  int number = 0;
  std::string sha256;  // the package_hash() that it had when it was published or promoted
};

// The content of current.json.
struct CurrentVersion {
  PackageVersion version;
  std::vector<PackageVersion> earlier;  // what a rollback goes back to, the newest last
};

class Registry {
 public:
  // folder: DIR/NAME. Reading needs nothing to be there.
  explicit Registry(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path folder_of(int version) const;
  std::vector<int> versions() const;  // committed ones, ascending; damaged ones too
  // Errors of this and all below: Exit::data for a current.json that is damaged.
  std::optional<CurrentVersion> current() const;
  // The problem of a version in words, or nothing. Reads every byte.
  std::optional<std::string> problem_of(int version) const;
  // Lines of log.jsonl, oldest first; a line that is no JSON object is left out.
  std::vector<nlohmann::ordered_json> log() const;

  // All below take the registry's lock. Errors: Exit::busy if another process has it for 15 s.
  // note: goes into the log, after {action, version, sha256}.

  // Writes the next version. It is there for readers once this returns, and does not become the
  // current one. What a publisher that was killed left behind is replaced.
  PackageVersion publish(const CheckpointReader& model, const PackageContent& content,
                         const nlohmann::ordered_json& note);
  // Makes a version the current one. Errors: Exit::data if there is no such version, or it is
  // damaged: then the old one stays.
  PackageVersion promote(int version, const nlohmann::ordered_json& note);
  // Makes the newest earlier version current whose bytes are what they were when it was promoted;
  // or `wanted`, which must be one of them. skipped: takes the problems of those that were passed
  // over. Errors: Exit::data if there is none.
  PackageVersion roll_back(std::optional<int> wanted, const nlohmann::ordered_json& note,
                           std::vector<std::string>& skipped);
  // Notes something that changed nothing, as a version that was refused.
  void note(const std::string& action, const PackageVersion& version,
            const nlohmann::ordered_json& note);

 private:
  int next_version() const;
  void make_current(const CurrentVersion& current) const;
  void add_line(const std::string& action, const PackageVersion& version,
                const nlohmann::ordered_json& note) const;

  std::filesystem::path folder_;
};

// The folder of a version of a registry: "DIR/NAME" means its current version, "DIR/NAME@3" that
// one. Nothing if `path` is no registry. Errors: Exit::data if there is no such version, or no
// current one.
std::optional<std::filesystem::path> find_package(const std::string& path);

}  // namespace switchyard
