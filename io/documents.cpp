#include "io/documents.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "io/unicode.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool holds_documents(const fs::path& file) {
  const fs::path extension = file.extension();
  return extension == ".txt" || extension == ".md" || extension == ".jsonl";
}

// A file that is a link to nothing, or may not be looked at, counts too: reading it reports it.
void add_files_of(const fs::path& folder, std::vector<fs::path>& files) {
  std::error_code error;
  fs::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    std::error_code ignored;
    if (holds_documents(entries->path()) && !entries->is_directory(ignored)) {
      files.push_back(entries->path());
    }
  }
  require(!error, Exit::data, "cannot list the folder '{}': {}", folder.string(), error.message());
}

// The next line without its end, read in bounded memory.
struct Line {
  std::string text;
  bool too_large = false;  // text is then cut short
};

class LineReader {
 public:
  explicit LineReader(std::istream& in) : in_(in) {}

  std::optional<Line> next() {
    Line line;
    bool started = false;
    while (begin_ < end_ || refill()) {
      const char* const start = buffer_.data() + begin_;
      const char* const end = buffer_.data() + end_;
      const char* const stop = std::find(start, end, '\n');
      const auto size = static_cast<std::size_t>(stop - start);
      begin_ += size;
      if (line.text.size() + size > largest_document_bytes) line.too_large = true;
      if (!line.too_large) line.text.append(start, size);
      if (begin_ < end_) {
        ++begin_;
        return line;
      }
      started = true;
    }
    return started ? std::optional(std::move(line)) : std::nullopt;
  }

 private:
  bool refill() {
    in_.read(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    begin_ = 0;
    end_ = static_cast<std::size_t>(in_.gcount());
    return end_ > 0;
  }

  std::istream& in_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{1} << 20);
  std::size_t begin_ = 0, end_ = 0;
};

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\n\v\f\r") == std::string_view::npos;
}

class FileReader {
 public:
  FileReader(const fs::path& file, const std::string& text_field, Problems& problems,
             const std::function<void(Document&&)>& each)
      : file_(file), text_field_(text_field), problems_(problems), each_(each) {}

  std::int64_t read_text() {
    std::ifstream in = open();
    std::error_code error;
    const auto size = static_cast<std::int64_t>(in ? fs::file_size(file_, error) : 0);
    if (size > largest_document_bytes) {
      report(Problem::too_large, 0);
      return 1;
    }
    std::string text(static_cast<std::size_t>(size), '\0');
    if (error || !in.read(text.data(), size)) {
      report(Problem::unreadable_file, 0);
      return 0;
    }
    if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
    deliver(std::move(text), "", 0);
    return 1;
  }

  std::int64_t read_lines() {
    std::ifstream in = open();
    LineReader lines(in);
    std::int64_t num_documents = 0;
    std::int64_t number = 0;
    while (auto line = in.is_open() ? lines.next() : std::nullopt) {
      ++number;
      if (number == 1 && line->text.starts_with(byte_order_mark)) {
        line->text.erase(0, byte_order_mark.size());
      }
      if (!line->too_large && is_blank(line->text)) continue;
      ++num_documents;
      read_line(std::move(*line), number);
    }
    if (!in.is_open() || in.bad()) report(Problem::unreadable_file, number);
    return num_documents;
  }

 private:
  void report(Problem kind, std::int64_t line) { problems_.add(kind, file_, line); }

  // Fails on what is not a regular file, without opening it: a pipe would wait for its writer.
  std::ifstream open() {
    std::error_code error;
    std::ifstream in;
    if (fs::is_regular_file(file_, error)) in.open(file_, std::ios::binary);
    if (!in.is_open()) in.setstate(std::ios::failbit);
    return in;
  }

  void read_line(Line&& line, std::int64_t number) {
    if (line.too_large) return report(Problem::too_large, number);
    if (repair_utf8(line.text)) report(Problem::invalid_utf8, number);
    const auto json = nlohmann::json::parse(line.text, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) return report(Problem::broken_json, number);
    const auto text = json.is_object() ? json.find(text_field_) : json.end();
    if (text == json.end() || !text->is_string()) return report(Problem::no_text_field, number);
    const auto id = json.find("id");
    std::string name;
    if (id != json.end() && id->is_string()) name = id->get<std::string>();
    if (id != json.end() && id->is_number_integer()) name = id->dump();
    deliver(text->get<std::string>(), std::move(name), number);
  }

  void deliver(std::string text, std::string id, std::int64_t line) {
    if (repair_utf8(text)) report(Problem::invalid_utf8, line);
    if (is_blank(text)) return report(Problem::empty_document, line);
    const ContentHash hash = content_hash(text);
    if (id.empty()) id = hash.hex();
    each_({std::move(id), std::move(text), hash});
  }

  const fs::path& file_;
  const std::string& text_field_;
  Problems& problems_;
  const std::function<void(Document&&)>& each_;
};

}  // namespace

std::vector<fs::path> find_documents(const std::vector<fs::path>& inputs) {
  std::vector<fs::path> files;
  for (const fs::path& input : inputs) {
    std::error_code error;
    const fs::file_status status = fs::status(input, error);
    require(fs::exists(status), Exit::usage, "there is no file or folder '{}'", input.string());
    if (fs::is_directory(status)) {
      add_files_of(input, files);
      continue;
    }
    require(holds_documents(input), Exit::usage,
            "'{}' is not a .txt, .md or .jsonl file: rename it to say what it is", input.string());
    files.push_back(input);
  }
  for (fs::path& file : files) file = file.lexically_normal();
  std::sort(files.begin(), files.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

std::int64_t read_documents(const fs::path& file, const std::string& text_field, Problems& problems,
                            const std::function<void(Document&&)>& each) {
  FileReader reader(file, text_field, problems, each);
  return file.extension() == ".jsonl" ? reader.read_lines() : reader.read_text();
}

}  // namespace switchyard
