// Inputs: the files of some sources, cut into units of work.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/prepare/input/recipe.h"

namespace switchyard::prepare {

inline constexpr std::int64_t default_unit_bytes = std::int64_t{64} << 20;

struct InputFile {
  std::filesystem::path path;
  std::int32_t source = 0;  // index into the sources asked for
  std::int64_t bytes = 0;   // on disk
  std::string stamp = {};   // stamp_of(path) when the file was found
  std::string shown = {};   // what messages call it instead of its path, if not empty

  std::string name() const { return shown.empty() ? path.string() : shown; }
};

// Differs after every change of the file: its size and when it was written and changed. Empty if
// there is no file to look at.
std::string stamp_of(const std::filesystem::path& file);

// A part of a file: the lines that start in [begin, end), or the whole where a file is one document
// or compressed.
struct FilePart {
  std::int32_t file = 0;
  std::int64_t begin = 0, end = 0;
};

// A task of the read stage: parts of files of one source.
struct InputUnit {
  std::int32_t source = 0;
  std::vector<FilePart> parts;
};

struct Inputs {
  std::vector<InputFile>
      files;  // by source, then by the bytes of their paths; each once per source
  std::vector<InputUnit> units;  // in the same order
  std::vector<std::filesystem::path> skipped =
      {};  // what folders and globs hold and nobody reads; ascending, each once
};

// One spelling for one path. `..` stays: behind a link it means another folder than it seems to.
std::filesystem::path without_dots(const std::filesystem::path& path);

// An input is a path, or a glob if there is nothing of that very name: `*`, `?` and `[...]` within
// a name, `**` for any number of folders. Folders are searched at any depth; a link to a folder is
// followed where an input names it, not where the search meets it. Files of other kinds than
// io/prepare/input/file_kind.h knows are skipped in a folder or glob.
//
// `files` and `units` are functions of the sources and the files alone. A unit has about
// `unit_bytes`; plain files of JSON lines are cut, others are not. Errors: Exit::usage for an input
// that does not exist, a glob or folder without a file to read, or a file of another kind;
// Exit::data for a folder that cannot be listed.
Inputs find_inputs(const std::vector<Source>& sources,
                   std::int64_t unit_bytes = default_unit_bytes);

}  // namespace switchyard::prepare
