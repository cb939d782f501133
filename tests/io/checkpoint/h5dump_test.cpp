// HDF5's own tool reads what Hdf5Writer writes.
#include <cstdio>

#include "io/folder/hdf5.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace h5dump_test {

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  for (int character; (character = fgetc(pipe)) != EOF;) output += static_cast<char>(character);
  return pclose(pipe) == 0 ? output : "failed: " + command + "\n" + output;
}

TEST(H5dump, ReadsEveryDataset) {
  const Scratch scratch;
  const float values[] = {1.5F, 2.5F};
  Hdf5Writer writer(scratch / "a.h5", 64);
  writer.attribute("note", "hello");
  writer.write("layer0.up", "f32", {1, 2}, values);
  const std::uint16_t halves[] = {0x3fc0, 0xc040};  // the upper halves of 1.5F and -3.0F
  writer.write("layer0.down", "bf16", {2}, halves);
  writer.write("group/empty", "u16", {0}, nullptr);
  writer.finish();
  const std::string text = output_of(std::string(H5DUMP) + " " + (scratch / "a.h5").string());
  EXPECT_NE(text.find("(0,0): 1.5, 2.5"), std::string::npos) << text;
  EXPECT_NE(text.find("(0): 1.5, -3"), std::string::npos) << text;
  EXPECT_NE(text.find("DATASPACE  SIMPLE { ( 0 ) / ( 0 ) }"), std::string::npos) << text;
  EXPECT_NE(text.find("\"hello\""), std::string::npos) << text;
}

}  // namespace h5dump_test
}  // namespace switchyard
