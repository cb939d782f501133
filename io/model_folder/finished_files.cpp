#include "io/model_folder/finished_files.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint_format.h"
#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* unfinished_manifest = "manifest.json.tmp";  // of durable::replace_file
constexpr const char* note_ending = ".done";
constexpr std::int64_t largest_note = std::int64_t{1} << 30;

bool is_leftover(std::string name, const std::vector<NamedFile>& files) {
  if (name == unfinished_manifest ||
      std::ranges::find(files, name, &NamedFile::name) != files.end())
    return true;
  for (const std::string ending : {".tmp", note_ending}) {
    if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  }
  return is_rank_file_name(name);
}

// Nothing unless the note is of this work and its file is there, with its size.
std::optional<FileEntry> read_note(const fs::path& note, const std::string& work) {
  try {
    const json text = json::parse(durable::read_file(note, largest_note));
    if (text.at("work") != work) return std::nullopt;
    const std::vector<FileEntry> files = join_files({text.at("files").dump()});
    std::error_code unknown;
    const bool there = fs::file_size(note.parent_path() / files.at(0).name, unknown) ==
                       static_cast<std::uintmax_t>(files[0].bytes);
    return there ? std::optional(files[0]) : std::nullopt;
  } catch (const std::exception&) {  // a torn note
    return std::nullopt;
  }
}

std::vector<FileEntry> find_finished(const fs::path& folder, const std::vector<NamedFile>& files,
                                     const std::string& work) {
  std::vector<FileEntry> finished;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    require(is_leftover(name, files) && !is_committed(folder), Exit::usage,
            "{} exists already and holds {}: name a folder that does not exist", folder.string(),
            is_committed(folder) ? manifest_name : name);
    if (!name.ends_with(note_ending) || work.empty()) continue;
    if (auto file = read_note(entry.path(), work)) finished.push_back(std::move(*file));
  }
  std::ranges::sort(finished, {}, &FileEntry::name);
  return finished;
}

void remove_all_but(const fs::path& folder, const std::vector<FileEntry>& kept) {
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool keeps = std::ranges::any_of(kept, [&](const FileEntry& file) {
      return name == file.name || name == file.name + note_ending;
    });
    if (!keeps) leftovers.push_back(entry.path());
  }
  for (const fs::path& path : leftovers) durable::remove_tree(path);
  durable::sync_folder(folder);
}

}  // namespace

void note_finished(const fs::path& folder, const FileEntry& file, const std::string& work) {
  const json note = {{"work", work}, {"files", json_of({file})}};
  durable::replace_file(folder / (file.name + note_ending), canonical_text(note));
}

void forget_finished(const fs::path& folder, const std::vector<FileEntry>& files) {
  for (const FileEntry& file : files) durable::remove_tree(folder / (file.name + note_ending));
}

std::vector<FileEntry> keep_finished(const fs::path& folder, const std::vector<NamedFile>& files,
                                     const std::string& work, Comm& world) {
  std::string text;
  on_root(world, [&] { text = canonical_text(json_of(find_finished(folder, files, work))); });
  std::vector<FileEntry> finished = join_files({broadcast_text(world, text, 0)});
  try {
    agree(world, [&] { check_share(folder, finished, world.rank(), world.size()); });
  } catch (const Error& error) {
    if (!error.agreed()) throw;
    finished.clear();
  }
  on_root(world, [&] { remove_all_but(folder, finished); });
  return finished;
}

}  // namespace switchyard
