#include "io/prepare/input/inputs.h"

#include <gtest/gtest.h>

#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace inputs_test {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

// A folder of empty files; names end in / for folders.
class Tree {
 public:
  explicit Tree(const Names& names) {
    for (const std::string& name : names) {
      const fs::path path = scratch_ / name;
      fs::create_directories(path.parent_path());
      if (!name.ends_with('/')) put_contents(path, "");
    }
  }

  fs::path operator/(const std::string& name) const { return scratch_ / name; }

  Inputs find(const Names& inputs) const {
    Source source;
    for (const std::string& input : inputs) source.inputs.push_back((scratch_ / input).string());
    return find_inputs({source});
  }

  Names names(const Names& inputs) const {
    Names result;
    for (const InputFile& file : find(inputs).files) {
      result.push_back(file.path.lexically_relative(scratch_.path()).string());
    }
    return result;
  }

 private:
  Scratch scratch_;
};

TEST(Inputs, FolderIsSearchedAtAnyDepthInPathOrder) {
  const Tree tree({"z.md", "b/c/y.jsonl", "b.txt", "a.txt", "ignored.html", "b/x.txt.gz",
                   "b/w.jsonl.zst", "b/ignored.gz", "b/no.csv.gz"});
  EXPECT_EQ(tree.names({"."}),
            (Names{"a.txt", "b.txt", "b/c/y.jsonl", "b/w.jsonl.zst", "b/x.txt.gz", "z.md"}));
}

TEST(Inputs, WhatIsSkippedIsNamed) {
  const Tree tree({"a.txt", "b/c.csv", "d.parquet", "b/e.JSONL", "b/f.json.gz"});
  fs::create_directory_symlink(tree / "b", tree / "link");
  const Inputs inputs = tree.find({".", "*"});
  EXPECT_EQ(inputs.files.size(), 5);  // "*" names the link
  EXPECT_EQ(inputs.skipped, (std::vector<fs::path>{tree / "b/c.csv", tree / "d.parquet",
                                                   tree / "link", tree / "link/c.csv"}));
}

TEST(Inputs, FolderWithoutAFileToReadIsAnError) {
  const Tree tree({"a/", "b/c.csv", "d.txt"});
  EXPECT_EQ(thrown_by([&] { tree.find({"a", "d.txt"}); }).code, Exit::usage);
  const Thrown thrown = thrown_by([&] { tree.find({"b"}); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_NE(thrown.message.find("c.csv"), std::string::npos) << thrown.message;
}

TEST(Inputs, StampDiffersAfterEveryChange) {
  const Scratch scratch;
  put_contents(scratch / "a.txt", "one");
  const std::string before = stamp_of(scratch / "a.txt");
  EXPECT_EQ(stamp_of(scratch / "a.txt"), before);
  put_contents(scratch / "a.txt", "two");
  fs::last_write_time(scratch / "a.txt", fs::file_time_type::clock::now());
  EXPECT_NE(stamp_of(scratch / "a.txt"), before);
  EXPECT_EQ(stamp_of(scratch / "missing"), "");
}

TEST(Inputs, EachFileCountsOncePerSource) {
  const Tree tree({"a.txt", "b/c.txt"});
  EXPECT_EQ(tree.names({".", "./a.txt", "b//c.txt", "b", "*.txt"}), (Names{"a.txt", "b/c.txt"}));
  Source source;
  source.inputs = {(tree / "a.txt").string()};
  EXPECT_EQ(find_inputs({source, source}).files.size(), 2);
}

TEST(Inputs, LinkedFoldersAreNotSearched) {
  const Tree tree({"a/b.txt"});
  fs::create_directory_symlink(tree / "a", tree / "a/again");
  EXPECT_EQ(tree.names({"a"}), (Names{"a/b.txt"}));
  EXPECT_EQ(tree.names({"**/*.txt"}), (Names{"a/b.txt"}));
}

TEST(Inputs, LinkedFolderThatIsNamedIsSearched) {
  const Tree tree({"a/b.txt"});
  fs::create_directory_symlink(tree / "a", tree / "link");
  EXPECT_EQ(tree.names({"link"}), (Names{"link/b.txt"}));
}

TEST(Inputs, LinkToNothingIsKeptForTheReport) {
  const Tree tree({"a/"});
  fs::create_symlink(tree / "missing", tree / "a/b.txt");
  const Inputs inputs = tree.find({"a"});
  ASSERT_EQ(inputs.files.size(), 1);
  EXPECT_EQ(inputs.files[0].bytes, 0);
  EXPECT_EQ(inputs.units.size(), 1);
}

TEST(Inputs, GlobMatchesWithinOneName) {
  const Tree tree({"a1.txt", "a2.txt", "a3.md", "b1.txt", "d/a4.txt", ".a5.txt", "a6.html"});
  EXPECT_EQ(tree.names({"a*"}), (Names{"a1.txt", "a2.txt", "a3.md"}));
  EXPECT_EQ(tree.names({"?1.txt"}), (Names{"a1.txt", "b1.txt"}));
  EXPECT_EQ(tree.names({"a[23]*"}), (Names{"a2.txt", "a3.md"}));
  EXPECT_EQ(tree.names({"*/*.txt"}), (Names{"d/a4.txt"}));
}

TEST(Inputs, TwoStarsMatchAnyNumberOfFolders) {
  const Tree tree({"a.txt", "b/a.txt", "b/c/a.txt", "b/c/d.txt", "b/.hidden/a.txt"});
  EXPECT_EQ(tree.names({"**/a.txt"}), (Names{"a.txt", "b/a.txt", "b/c/a.txt"}));
  EXPECT_EQ(tree.names({"b/**/**/a.txt"}), (Names{"b/a.txt", "b/c/a.txt"}));
  EXPECT_EQ(tree.names({"**/c/*"}), (Names{"b/c/a.txt", "b/c/d.txt"}));
}

TEST(Inputs, GlobMayMatchFolders) {
  const Tree tree({"part-1/a.txt", "part-2/b.txt", "other/c.txt"});
  EXPECT_EQ(tree.names({"part-*"}), (Names{"part-1/a.txt", "part-2/b.txt"}));
}

TEST(Inputs, NameThatIsThereIsNoGlob) {
  const Tree tree({"a[1].txt", "a1.txt", "[x]/b1.txt", "x/b2.txt"});
  EXPECT_EQ(tree.names({"a[1].txt"}), (Names{"a[1].txt"}));
  EXPECT_EQ(tree.names({"[x]/b*"}), (Names{"[x]/b1.txt"}));
}

TEST(Inputs, GlobsWorkFromTheCurrentFolder) {
  const Tree tree({"a/b.txt"});
  const fs::path before = fs::current_path();
  fs::current_path(tree / "a");
  Source source;
  source.inputs = {"*.txt"};
  EXPECT_EQ(find_inputs({source}).files.at(0).path, "b.txt");
  source.inputs = {"../*/b.txt"};
  EXPECT_EQ(find_inputs({source}).files.at(0).path, "../a/b.txt");
  fs::current_path(before);
}

TEST(Inputs, MissingInputIsAnError) {
  const Tree tree({"a/"});
  for (const char* missing : {"b.txt", "a/*.txt", "b/**", "[", "a/?"}) {
    const Thrown thrown = thrown_by([&] { tree.find({missing}); });
    EXPECT_EQ(thrown.code, Exit::usage) << missing;
    EXPECT_NE(thrown.message.find((tree / missing).string()), std::string::npos);
  }
}

TEST(Inputs, FileOfAnotherKindIsAnError) {
  const Tree tree({"a.html", "b.gz", "c.txt.bz2", "d.csv.gz"});
  for (const char* name : {"a.html", "b.gz", "c.txt.bz2", "d.csv.gz"}) {
    EXPECT_EQ(thrown_by([&] { tree.find({name}); }).code, Exit::usage) << name;
  }
  EXPECT_EQ(thrown_by([&] { tree.find({"*"}); }).code, Exit::usage);
}

TEST(Inputs, DeepFoldersNeedNoManyOpenFiles) {
  const Tree tree({"a.txt"});
  std::string deep = ".";
  for (int i = 0; i < 500; ++i) deep += "/d";
  fs::create_directories(tree / deep);
  put_contents(tree / deep / "b.txt", "");
  rlimit old{};
  getrlimit(RLIMIT_NOFILE, &old);
  const rlimit few{64, old.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  EXPECT_EQ(tree.names({"."}).size(), 2);
  setrlimit(RLIMIT_NOFILE, &old);
}

// A folder with files of given sizes, and what became of them.
std::vector<std::vector<FilePart>> units_of(
    const std::vector<std::pair<std::string, std::int64_t>>& files, std::int64_t unit_bytes) {
  const Scratch scratch;
  for (const auto& [name, size] : files) {
    put_contents(scratch / name, "");
    fs::resize_file(scratch / name, static_cast<std::uintmax_t>(size));
  }
  Source source;
  source.inputs = {scratch.path().string()};
  std::vector<std::vector<FilePart>> units;
  for (const InputUnit& unit : find_inputs({source}, unit_bytes).units) units.push_back(unit.parts);
  return units;
}

TEST(Inputs, SmallFilesShareAUnit) {
  const auto units =
      units_of({{"a.txt", 300000}, {"b.jsonl", 300000}, {"c.txt", 300000}, {"d.md", 300000}},
               std::int64_t{1} << 20);
  ASSERT_EQ(units.size(), 2);
  EXPECT_EQ(units[0].size(), 3);
  EXPECT_EQ(units[1].size(), 1);
}

TEST(Inputs, ManyTinyFilesAreNotOneUnit) {
  std::vector<std::pair<std::string, std::int64_t>> files;
  for (int i = 0; i < 600; ++i) files.emplace_back(std::to_string(i) + ".txt", 1);
  EXPECT_EQ(units_of(files, std::int64_t{1} << 20).size(), 3);
}

TEST(Inputs, LargeJsonLinesAreCutWithoutGapOrOverlap) {
  for (const std::int64_t bytes : {1000001, 1000000, 99999, 100000, 100001}) {
    std::int64_t covered = 0;
    for (const auto& unit : units_of({{"a.jsonl", bytes}}, 100000)) {
      for (const FilePart& part : unit) {
        EXPECT_EQ(part.begin, covered);
        EXPECT_GT(part.end, part.begin);
        EXPECT_LE(part.end - part.begin, 100000);
        covered = part.end;
      }
    }
    EXPECT_EQ(covered, bytes);
  }
}

TEST(Inputs, JsonOverSeveralLinesIsNotCut) {
  const Scratch scratch;
  for (const char* begin : {"[", "{\n"}) {
    put_contents(scratch / "a.jsonl", begin + std::string(500, ' '));
    Source source;
    source.inputs = {(scratch / "a.jsonl").string()};
    EXPECT_EQ(find_inputs({source}, 100).units.size(), 1) << begin;
  }
}

TEST(Inputs, OnlyPlainJsonLinesAreCut) {
  const auto units =
      units_of({{"a.txt", 500}, {"b.jsonl.gz", 500}, {"c.jsonl.zst", 500}, {"d.md", 500}}, 100);
  ASSERT_EQ(units.size(), 4);
  for (const auto& unit : units) {
    ASSERT_EQ(unit.size(), 1);
    EXPECT_EQ(unit[0].begin, 0);
    EXPECT_EQ(unit[0].end, 500);
  }
}

TEST(Inputs, UnitIsOfOneSource) {
  const Tree tree({"a.txt", "b.txt"});
  Source a, b;
  a.inputs = {(tree / "a.txt").string()};
  b.inputs = {(tree / "b.txt").string()};
  const Inputs inputs = find_inputs({b, a});
  ASSERT_EQ(inputs.units.size(), 2);
  EXPECT_EQ(inputs.units[0].source, 0);
  EXPECT_EQ(inputs.units[1].source, 1);
  EXPECT_EQ(inputs.files[1].path, tree / "a.txt");
}

}  // namespace inputs_test
}  // namespace switchyard::prepare
