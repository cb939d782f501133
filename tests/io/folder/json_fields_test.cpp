#include "io/folder/json_fields.h"

#include <gtest/gtest.h>

#include "runtime/error.h"

namespace switchyard {
namespace json_fields_test {

const nlohmann::json document = nlohmann::json::parse(
    R"({"text": "a", "number": 0.5, "count": 7, "huge": 18446744073709551615, "list": [1, 2.5],
        "inner": {"deep": "no number"}, "none": null})");

// The error of reading, or "".
template <class Read>
std::string error_of(Read read) {
  try {
    read(JsonFields(document, "meta", "F"));
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::data);
    return error.what();
  }
}

TEST(JsonFields, ReadsWhatIsOfItsTypeAndRange) {
  const JsonFields fields(document, "meta");
  EXPECT_EQ(fields.text("text"), "a");
  EXPECT_EQ(fields.number("number", 0, 1), 0.5);
  EXPECT_EQ(fields.integer("count", 0, 7), 7);
  EXPECT_EQ(fields.numbers("list", 0, 3), (std::vector<double>{1.0, 2.5}));
  EXPECT_EQ(fields.object("inner").names(), std::vector<std::string>{"deep"});
  EXPECT_FALSE(fields.has("nothing"));
  EXPECT_FALSE(fields.has("none"));
}

TEST(JsonFields, NamesTheFileAndTheWholePath) {
  using Fields = const JsonFields&;
  EXPECT_EQ(error_of([](Fields f) { f.text("count"); }), "F: 'meta.count' is not text");
  EXPECT_EQ(error_of([](Fields f) { f.number("text", 0, 1); }),
            "F: 'meta.text' is not a number from 0 to 1");
  EXPECT_EQ(error_of([](Fields f) { f.integer("count", 0, 6); }),
            "F: 'meta.count' is not an integer from 0 to 6");
  EXPECT_EQ(error_of([](Fields f) { f.integer("huge", 0, 6); }),
            "F: 'meta.huge' is not an integer from 0 to 6");
  EXPECT_EQ(error_of([](Fields f) { f.integer("number", 0, 6); }),
            "F: 'meta.number' is not an integer from 0 to 6");
  EXPECT_EQ(error_of([](Fields f) { f.numbers("list", 2, 3); }),
            "F: 'meta.list' is not a list of numbers from 2 to 3");
  EXPECT_EQ(error_of([](Fields f) { f.object("inner").number("deep", 0, 1); }),
            "F: 'meta.inner.deep' is not a number from 0 to 1");
  EXPECT_EQ(error_of([](Fields f) { f.object("list"); }), "F: 'meta.list' is not an object");
  EXPECT_EQ(error_of([](Fields f) { f.text("nothing"); }), "F: 'meta' has no 'nothing'");
}

}  // namespace json_fields_test
}  // namespace switchyard
