// English texts of the page reports.
export const reports = {
};
